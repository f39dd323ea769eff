"""The role of a parameter, read off its shapes: the dimensions in which model and base differ are its widths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import NamedTuple

from torch import nn

from infwidth.errors import SpecError, nearest


class Role(StrEnum):
    """What a parameter is in the theory: which of its dimensions go to infinity, and what it starts from.

    Input weights have a finite fan-in and a wide fan-out, hidden weights are wide on both sides, output weights only
    in their fan-in. Biases, norm gains and shifts, and embeddings (a wide vector per token) are vectors of length
    width and scale as input weights do. A scalar has no wide dimension, for example the readout's bias.
    """

    INPUT = "input"
    HIDDEN = "hidden"
    OUTPUT = "output"
    BIAS = "bias"
    NORM = "norm"
    EMBEDDING = "embedding"
    SCALAR = "scalar"


class Kind(StrEnum):
    """How a parameter starts, at any width: matrix N(0, 1/fan_in), embedding N(0, 1), gain 1, shift 0."""

    MATRIX = "matrix"
    EMBEDDING = "embedding"
    GAIN = "gain"
    SHIFT = "shift"


@dataclass(frozen=True)
class ParameterRole:
    """Role, kind, fan-in and width multipliers of one parameter.

    ``role`` is None if it cannot be told because model and base have the same shapes; all multipliers are then 1.
    ``fan_in`` counts the inputs summed over (convolution: input channels times kernel area; 1 for vectors and
    embeddings). ``fan_in_multiplier`` and ``fan_out_multiplier`` are width over base width of the dimension summed over
    and of the one produced, 1 where that dimension is finite.
    """

    role: Role | None
    kind: Kind
    fan_in: int
    fan_in_multiplier: Fraction
    fan_out_multiplier: Fraction


class _Shapes(NamedTuple):
    model: tuple[int, ...]
    base: tuple[int, ...]
    # None: model and base are equal in all shapes and no other width is known, so the wide dimensions are unknown.
    wide: tuple[int, ...] | None

    def multiplier(self, axis: int) -> Fraction:
        return Fraction(self.model[axis], self.base[axis])


_NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
_DECLARABLE = tuple(role for role in Role if role is not Role.SCALAR)


def find_roles(
    model: nn.Module,
    base_model: nn.Module,
    *,
    delta_model: nn.Module | None = None,
    declared: Mapping[str, str] | None = None,
    tied_readout: str | None = None,
) -> dict[str, ParameterRole]:
    """Return the role of every parameter of ``model`` by name, in the order of ``model.named_parameters()``.

    ``base_model`` is the same net at the base width; ``delta_model``, the same net at any other width, tells the wide
    dimensions also when ``model`` itself has the base width. Only shapes are used (models may be on the meta device).
    Layouts are known for linear, convolution, embedding, normalisation and attention modules of torch; any other
    parameter has to be ``declared``, name to role (a declared hidden weight is laid out (out, in, …)). A matrix that is
    embedding and readout at once is refused unless ``tied_readout="multiplied"``, by which the caller states that the
    model multiplies its own logits by base width / width; it is then an embedding.

    Raises SpecError, naming the parameter and its shapes.
    """
    shapes = _compare(model, base_model, delta_model)
    declared = dict(declared or {})
    for name, role in declared.items():
        if name not in shapes:
            raise SpecError(f"roles declares '{name}', which is no parameter of the model{nearest(name, shapes)}")
        if role not in _DECLARABLE:
            raise SpecError(
                f"roles declares '{name}' as '{role}'; it can be {', '.join(_DECLARABLE)}{nearest(role, _DECLARABLE)}"
            )
    if tied_readout not in (None, "multiplied"):
        raise SpecError(f"tied_readout is {tied_readout!r}; it is None or 'multiplied'")
    roles = {}
    seen_tie = False
    for name, owners in _owners(model).items():
        shape = shapes[name]
        if name in declared:
            roles[name] = _declared_role(name, Role(declared[name]), shape)
            continue
        found = {_role(name, *owner, shape) for owner in owners}
        if len(found) > 1:
            embedding = [role for role in found if role.kind is Kind.EMBEDDING]
            if not embedding or tied_readout is None:
                raise SpecError(
                    f"parameter '{name}' {shape.model} is shared by modules in which it has different roles"
                    f" ({', '.join(sorted(role.role or role.kind for role in found))}), which no single scaling serves;"
                    " untie it, or, for a readout tied to an embedding, let the model multiply its logits by base"
                    " width / width and pass tied_readout='multiplied'"
                )
            found, seen_tie = set(embedding), True
        (roles[name],) = found
    if tied_readout is not None and not seen_tie:
        raise SpecError("tied_readout is given, but no parameter is shared by an embedding and a readout; drop it")
    return roles


def _compare(model: nn.Module, base_model: nn.Module, delta_model: nn.Module | None) -> dict[str, _Shapes]:
    """Return the shapes of every parameter in model and base, and its wide dimensions."""

    def shapes_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
        return {name: tuple(p.shape) for name, p in net.named_parameters()}

    ours, others = shapes_of(model), {"base": shapes_of(base_model)}
    if delta_model is not None:
        others["delta"] = shapes_of(delta_model)
    for which, theirs in others.items():
        for name in ours | theirs:
            mine, its = ours.get(name), theirs.get(name)
            if mine is None or its is None or len(mine) != len(its):
                raise SpecError(
                    f"parameter '{name}' is {mine or 'absent'} in the model but {its or 'absent'} in the {which} model;"
                    " the two must be the same net at two widths"
                )
    base = others["base"]
    if delta_model is not None and others["delta"] == base:
        raise SpecError(
            "delta_model has the shapes of base_model, so it shows no wide dimension; give it another width"
        )
    seen = [ours, *others.values()]
    informed = any(shapes != base for shapes in seen)
    return {
        name: _Shapes(
            model=ours[name],
            base=base[name],
            wide=tuple(i for i, size in enumerate(base[name]) if any(shapes[name][i] != size for shapes in seen))
            if informed
            else None,
        )
        for name in ours
    }


def _owners(model: nn.Module) -> dict[str, list[tuple[nn.Module, str]]]:
    """Return the (module, attribute) pairs that hold each parameter, by the parameter's first name."""

    def places() -> Iterator[tuple[str, nn.Parameter, nn.Module, str]]:
        for prefix, module in model.named_modules():
            for attribute, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
                yield f"{prefix}.{attribute}" if prefix else attribute, parameter, module, attribute

    first_names: dict[int, str] = {}
    owners: dict[str, list[tuple[nn.Module, str]]] = {}
    for name, parameter, module, attribute in places():
        owners.setdefault(first_names.setdefault(id(parameter), name), []).append((module, attribute))
    return owners


def _kind(module: nn.Module, attribute: str) -> Kind | None:
    """Return what torch's own module keeps under this attribute, None if the module is not known here."""
    if isinstance(module, _NORMS):
        return Kind.GAIN if attribute == "weight" else Kind.SHIFT
    if isinstance(module, nn.Embedding):
        return Kind.EMBEDDING
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return Kind.MATRIX if attribute == "weight" else Kind.SHIFT
    if isinstance(module, nn.MultiheadAttention):
        return {"in_proj_bias": Kind.SHIFT, "bias_k": None, "bias_v": None}.get(attribute, Kind.MATRIX)
    return None


def _role(name: str, module: nn.Module, attribute: str, shapes: _Shapes) -> ParameterRole:
    """Return the role of a parameter of a known module."""
    kind = _kind(module, attribute)
    if kind is None:
        raise SpecError(
            f"parameter '{name}' {shapes.model} (base {shapes.base}) belongs to a {type(module).__name__}, whose layout"
            f" is not known, so its role is ambiguous; pass roles={{'{name}': 'input'}} (or"
            f" {', '.join(role for role in _DECLARABLE if role is not Role.INPUT)})"
        )
    if kind is Kind.MATRIX:
        return _matrix_role(name, shapes)
    if kind is Kind.EMBEDDING:
        return _vector_role(name, Role.EMBEDDING, kind, shapes, allowed=(1,))
    return _vector_role(name, Role.NORM if isinstance(module, _NORMS) else Role.BIAS, kind, shapes)


def _matrix_role(name: str, shapes: _Shapes) -> ParameterRole:
    """Return the role of a weight laid out (out, in, *kernel)."""
    by_dims = {(): Role.SCALAR, (0,): Role.INPUT, (1,): Role.OUTPUT, (0, 1): Role.HIDDEN}
    if shapes.wide is not None and shapes.wide not in by_dims:
        raise SpecError(
            f"weight '{name}' {shapes.model} differs from its base {shapes.base} in dimensions {shapes.wide};"
            " only fan-out (0) and fan-in (1) may grow with the width"
        )
    return ParameterRole(
        role=None if shapes.wide is None else by_dims[shapes.wide],
        kind=Kind.MATRIX,
        fan_in=prod(shapes.model[1:]),
        fan_in_multiplier=shapes.multiplier(1),
        fan_out_multiplier=shapes.multiplier(0),
    )


def _vector_role(
    name: str, role: Role, kind: Kind, shapes: _Shapes, allowed: tuple[int, ...] | None = None
) -> ParameterRole:
    """Return the role of a bias, norm parameter or embedding: at most one wide dimension, and nothing summed over."""
    wide = shapes.wide
    if wide and (len(wide) > 1 or (allowed is not None and wide[0] not in allowed)):
        raise SpecError(
            f"{role} '{name}' {shapes.model} differs from its base {shapes.base} in dimensions {wide};"
            f" only one dimension{f' ({allowed[0]})' if allowed else ''} may grow with the width"
        )
    return ParameterRole(
        role=None if wide is None else role if wide else Role.SCALAR,
        kind=kind,
        fan_in=1,
        fan_in_multiplier=Fraction(1),
        fan_out_multiplier=shapes.multiplier(wide[0]) if wide else Fraction(1),
    )


def _declared_role(name: str, role: Role, shapes: _Shapes) -> ParameterRole:
    """Return the role the caller declared, checked against the shapes."""
    vectors = {Role.EMBEDDING: Kind.EMBEDDING, Role.BIAS: Kind.SHIFT, Role.NORM: Kind.GAIN}
    if role in vectors:
        return _vector_role(name, role, vectors[role], shapes)
    if shapes.wide is None:
        raise SpecError(
            f"parameter '{name}' {shapes.model} is declared {role}, but model and base have the same shapes, which"
            " hides its fan-in; pass delta_model=, the same net at any other width"
        )
    wanted = 2 if role is Role.HIDDEN else 1
    if len(shapes.wide) != wanted or (role is Role.HIDDEN and shapes.wide != (0, 1)):
        raise SpecError(
            f"parameter '{name}' {shapes.model} (base {shapes.base}) is declared {role}, but the dimensions that grow"
            f" with the width are {shapes.wide}; {role} has {'dimensions (0, 1)' if wanted == 2 else 'exactly one'}"
        )
    if role is Role.HIDDEN:
        return _matrix_role(name, shapes)
    axis = shapes.wide[0]
    multiplier, one = shapes.multiplier(axis), Fraction(1)
    is_input = role is Role.INPUT
    return ParameterRole(
        role=role,
        kind=Kind.MATRIX,
        fan_in=prod(shapes.model) // shapes.model[axis] if is_input else shapes.model[axis],
        fan_in_multiplier=one if is_input else multiplier,
        fan_out_multiplier=multiplier if is_input else one,
    )
