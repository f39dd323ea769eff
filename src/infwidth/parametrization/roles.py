"""The role of a parameter, read off its shapes: the dimensions in which model and base differ are its widths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.layouts import NORMS, Kind, Layout, layout_of, normalisation_of


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


_TAKE_IT_OFF = (
    "; take it off before the plan is made (torch.nn.utils.parametrize.remove_parametrizations, or remove_{0} of"
    " torch.nn.utils where it was put on by torch.nn.utils.{0}), or freeze it"
)
#: Why a weight that is normalised has no role: the size of W is then not the size of any parameter.
_NORMALISED = {
    "weight_norm": "parameter '{name}' is a part of weight_norm, W = g v/|v|: the start and the rate of W's size are"
    " g's, and a readout's g needs powers of the width that no role has" + _TAKE_IT_OFF.format("weight_norm"),
    "spectral_norm": "parameter '{name}' is under spectral_norm, which sets the largest singular value of W to 1, where"
    " a net of any width needs the root of fan-out over fan-in; no start and no rate can change it"
    + _TAKE_IT_OFF.format("spectral_norm"),
}

_VECTORS = {Role.EMBEDDING: Kind.EMBEDDING, Role.BIAS: Kind.SHIFT, Role.NORM: Kind.GAIN}


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
    dimensions also when ``model`` itself has the base width. Only shapes are used (models may be on the meta device;
    of compiled and data-parallel models the net inside is taken). Layouts are known for torch's linear, convolution
    (also transposed and grouped), recurrent, embedding, normalisation, attention and PReLU modules. A parameter of
    another module has to be ``declared``, name to role (a declared hidden weight is laid out (out, in, …)), unless it
    is one number (a scalar) or frozen (it never moves, and keeps its start). A tied parameter may be named by any of
    its names. A role that contradicts a known layout is refused, and so are weight_norm and spectral_norm. A matrix
    that is embedding and readout at once is refused unless ``tied_readout="multiplied"``, by which the caller states
    that the model multiplies its own logits by base width / width; it is then an embedding.

    Raises SpecError, naming the parameters and their shapes: of what is ambiguous all at once, with the roles that
    would be accepted.
    """
    model, base_model = unwrapped(model), unwrapped(base_model)
    shapes = _compare(model, base_model, None if delta_model is None else unwrapped(delta_model))
    first, given = first_names(model), dict(declared or {})
    declared = {first.get(name, name): role for name, role in given.items()}
    for name, role in given.items():
        if name not in first:
            raise SpecError(f"roles declares '{name}', which is no parameter of the model{nearest(name, first)}")
        if role != declared[first[name]]:
            raise SpecError(f"roles declares '{name}' as {role} and, by its other name, as {declared[first[name]]}")
        if role not in tuple(Role):
            raise SpecError(f"roles declares '{name}' as '{role}'; it can be {', '.join(Role)}{nearest(role, Role)}")
    if tied_readout not in (None, "multiplied"):
        raise SpecError(f"tied_readout is {tied_readout!r}; it is None or 'multiplied'")
    roles: dict[str, ParameterRole] = {}
    ambiguous: dict[str, str] = {}  # name → module
    seen_tie = False
    for name, owners in _owners(model).items():
        shape = shapes[name]
        layouts = [(module, layout_of(module, attribute)) for module, attribute in owners]
        normalised = next((its for owner in owners if (its := normalisation_of(*owner))), None)
        if normalised and model.get_parameter(name).requires_grad:
            raise SpecError(_NORMALISED[normalised].format(name=name))
        known = {_known_role(name, module, layout, shape) for module, layout in layouts if layout is not None}
        if name in declared and known:
            roles[name] = _confirmed_role(name, Role(declared[name]), known, shape)
            continue
        if name in declared:
            roles[name] = _declared_role(name, Role(declared[name]), shape)
            continue
        if len(known) > 1:
            embedding = [role for role in known if role.kind is Kind.EMBEDDING]
            if not embedding or tied_readout is None:
                raise SpecError(
                    f"parameter '{name}' {shape.model} is shared by modules in which it has different roles"
                    f" ({', '.join(sorted(role.role or role.kind for role in known))}), which no single scaling serves;"
                    " untie it, or, for a readout tied to an embedding, let the model multiply its logits by base"
                    " width / width and pass tied_readout='multiplied'"
                )
            known, seen_tie = set(embedding), True
        if known:
            (roles[name],) = known
        elif prod(shape.model) <= 1 or not model.get_parameter(name).requires_grad:
            roles[name] = _scalar_role()
        else:
            ambiguous[name] = type(layouts[0][0]).__name__
    if ambiguous:
        raise SpecError(_ambiguous(ambiguous, shapes))
    if tied_readout is not None and not seen_tie:
        raise SpecError("tied_readout is given, but no parameter is shared by an embedding and a readout; drop it")
    return {name: roles[name] for name in shapes}


def first_names(model: nn.Module) -> dict[str, str]:
    """Return for every name of every parameter the name that plans use: tied parameters have several, the first counts.

    The net inside a wrapper is meant (see :func:`unwrapped`).
    """
    firsts: dict[int, str] = {}
    named = unwrapped(model).named_parameters(remove_duplicate=False)
    return {name: firsts.setdefault(id(parameter), name) for name, parameter in named}


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the net inside torch.compile, DataParallel and DistributedDataParallel, whose names have no prefix."""
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(inside := getattr(model, "_orig_mod", None), nn.Module):
            model = inside
        else:
            return model


def _compare(model: nn.Module, base_model: nn.Module, delta_model: nn.Module | None) -> dict[str, _Shapes]:
    """Return the shapes of every parameter in model and base, and its wide dimensions."""

    def shapes_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
        if not isinstance(net, nn.Module):
            what = f"the class {net.__name__}" if isinstance(net, type) else f"a {type(net).__name__}"
            raise SpecError(f"{what} was given for a model; give a torch.nn.Module that is built")
        if isinstance(net, torch.jit.ScriptModule):
            raise SpecError(
                "a scripted or traced model does not show its layers; make the plan of the plain model and initialise"
                " that, then script it: plan.optimizer takes either"
            )
        named = dict(net.named_parameters())
        if lazy := [name for name, p in named.items() if is_lazy(p)]:
            raise SpecError(
                f"{', '.join(lazy)}: lazy modules have no shapes yet; run one forward pass of every model first"
            )
        return {name: tuple(p.shape) for name, p in named.items()}

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

    firsts: dict[int, str] = {}
    owners: dict[str, list[tuple[nn.Module, str]]] = {}
    for name, parameter, module, attribute in places():
        owners.setdefault(firsts.setdefault(id(parameter), name), []).append((module, attribute))
    return owners


def _known_role(name: str, module: nn.Module, layout: Layout, shapes: _Shapes) -> ParameterRole:
    """Return the role of a parameter of a module whose layout is known."""
    if layout.kind is Kind.MATRIX:
        return _matrix_role(name, shapes, layout)
    if layout.kind is Kind.EMBEDDING:
        return _vector_role(name, Role.EMBEDDING, layout.kind, shapes, allowed=(len(shapes.model) - 1,))
    norm = layout.kind is Kind.GAIN or isinstance(module, NORMS)
    return _vector_role(name, Role.NORM if norm else Role.BIAS, layout.kind, shapes)


def _matrix_role(name: str, shapes: _Shapes, layout: Layout) -> ParameterRole:
    """Return the role of a weight laid out (out, in, *kernel), or (in, out, *kernel) if transposed.

    A grouped convolution sums over the channels of one group: a depthwise one, whose number of groups is its width, has
    a finite fan-in, as a read-in has.
    """
    kernel, groups = prod(shapes.model[2:]), layout.groups if layout.transposed else 1
    depthwise = groups > 1 and groups == shapes.model[0]
    out, into = (0, 1) if depthwise else (layout.fan_out_axis, layout.fan_in_axis)
    by_dims = {(): Role.SCALAR, (out,): Role.INPUT, (into,): Role.OUTPUT, (0, 1): Role.HIDDEN}
    if shapes.wide is not None and shapes.wide not in by_dims:
        raise SpecError(
            f"weight '{name}' {shapes.model} differs from its base {shapes.base} in dimensions {shapes.wide};"
            f" only fan-out ({out}) and fan-in ({into}) may grow with the width"
        )
    return ParameterRole(
        role=None if shapes.wide is None else by_dims[shapes.wide],
        kind=Kind.MATRIX,
        fan_in=kernel if depthwise else shapes.model[into] // groups * kernel,
        fan_in_multiplier=shapes.multiplier(into),
        fan_out_multiplier=shapes.multiplier(out),
    )


def _scalar_role() -> ParameterRole:
    """Return the role of what has no wide dimension, or never moves: its start and its rate know no width."""
    return ParameterRole(
        Role.SCALAR, Kind.SHIFT, fan_in=1, fan_in_multiplier=Fraction(1), fan_out_multiplier=Fraction(1)
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
    if role is Role.SCALAR:
        if shapes.wide:
            raise SpecError(
                f"parameter '{name}' {shapes.model} (base {shapes.base}) is declared scalar, but its dimensions"
                f" {shapes.wide} grow with the width; a scalar has none that does"
            )
        return _scalar_role()
    if role in _VECTORS:
        return _vector_role(name, role, _VECTORS[role], shapes)
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
        return _matrix_role(name, shapes, Layout(Kind.MATRIX))
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


def _confirmed_role(name: str, role: Role, known: set[ParameterRole], shapes: _Shapes) -> ParameterRole:
    """Return the role that the layout of a known module shows, if it is the declared one; else refuse that.

    Where no width is shown, a matrix may be declared any matrix's role, and a vector any vector's.
    """
    for shown in known:
        if shown.role is role or (shown.role is Role.SCALAR and role in _VECTORS):
            return shown
        if shown.role is None and (shown.kind is Kind.MATRIX) == (role in (Role.INPUT, Role.HIDDEN, Role.OUTPUT)):
            return replace(shown, role=role)
    layouts = ", ".join(sorted(shown.role or f"a {shown.kind}" for shown in known))
    raise SpecError(
        f"parameter '{name}' {shapes.model} (base {shapes.base}) is declared {role}, but its module's layout shows"
        f" {layouts}; leave it out of roles"
    )


def _accepted(name: str, shapes: _Shapes) -> list[Role]:
    """Return the roles that may be declared for a parameter of these shapes."""
    accepted = []
    for role in Role:
        try:
            _declared_role(name, role, shapes)
        except SpecError:
            continue
        accepted.append(role)
    return accepted


def _ambiguous(names: Mapping[str, str], shapes: Mapping[str, _Shapes]) -> str:
    """Return the error for parameters of modules whose layout is not known: what to add, ready to be pasted."""
    if all(shapes[name].wide is None for name in names):
        return (
            f"model and base have the same shapes, so the roles of {', '.join(map(repr, names))}, whose modules'"
            " layouts are not known, cannot be told; pass delta_model=, the same net at any other width, and declare"
            " them in roles= (each of input, hidden, output, bias, norm, embedding)"
        )
    lines, example = [], {}
    for name, module in names.items():
        shape = shapes[name]
        roles = _accepted(name, shape)
        lines.append(
            f"parameter '{name}' {shape.model} (base {shape.base}) belongs to a {module}, whose layout is not known, so"
            f" its role is ambiguous; it can be {', '.join(roles)}"
            if roles
            else f"parameter '{name}' {shape.model} (base {shape.base}) of a {module} fits no role: its dimensions"
            f" {shape.wide} grow with the width; let it grow in its first two at most (out, in, …)"
        )
        if roles:
            example[name] = str(roles[0])
    return "\n".join(lines) + (f"\npass roles={example} (or what fits of the roles named)" if example else "")
