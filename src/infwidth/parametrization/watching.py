"""Where a net shows what each of its parameters does: what its layers put out, whatever way the weights are used."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from infwidth.parametrization.layouts import layout_of
from infwidth.parametrization.plan import Plan
from infwidth.parametrization.roles import Role

#: What a net is called with: one tensor, several in order, or several by the names of arguments.
Inputs = torch.Tensor | Sequence[torch.Tensor] | Mapping[str, torch.Tensor]

#: The site of the net's own output, which is watched besides its layers' (a multiplier may stand behind the last).
MODEL_OUTPUT = "(model output)"

_MATRICES = (Role.INPUT, Role.HIDDEN, Role.OUTPUT)
_VECTORS = (Role.BIAS, Role.NORM, Role.EMBEDDING)


@dataclass(frozen=True)
class Sites:
    """Where the parameters of a net are watched.

    Attributes:
        modules: modules of known layout, by name: their outputs.
        products: matrices used by hand (``x @ self.w``, fused attention), by name: what the operation puts out.
        entries: vectors used by hand (class tokens, positions, gains), by name: their own entries.
        roles: site → the role that its scale follows; None where the rule says nothing of it.
        unwatched: parameters whose effect shows nowhere.
    """

    modules: tuple[str, ...]
    products: tuple[str, ...]
    entries: tuple[str, ...]
    roles: Mapping[str, Role | None]
    unwatched: tuple[str, ...]


def called(model: nn.Module, inputs: Inputs) -> Any:
    """Return what the model makes of its inputs."""
    if isinstance(inputs, torch.Tensor):
        return model(inputs)
    return model(**inputs) if isinstance(inputs, Mapping) else model(*inputs)


def find_sites(model: nn.Module, plan: Plan, inputs: Inputs) -> Sites:
    """Return where the parameters of ``model`` are watched, found in one forward pass.

    A module of torch's own shows its parameters in its output, if it is called; the parameters of all others, and of
    modules that are not called, are followed through the functions of torch that take them, views of them, or what is
    made of them alone (a masked weight). Frozen parameters and scalars are not watched: they know no width.
    """
    first_names = {id(parameter): name for name, parameter in model.named_parameters()}
    own: dict[str, list[str]] = {}  # module of known layout → its parameters, by their names in the plan
    for path, module in model.named_modules():
        members = list(module.named_parameters(recurse=False, remove_duplicate=False))
        if path and members and all(layout_of(module, attribute) is not None for attribute, _ in members):
            own[path] = [first_names[id(parameter)] for _, parameter in members]
    wanted = {
        name: plan[name].role
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and plan[name].role is not Role.SCALAR
    }
    with watched(model, own, wanted, inputs) as seen, torch.no_grad():
        called(model, inputs)
    modules = tuple(path for path in own if path in seen and not wanted.keys().isdisjoint(own[path]))
    by_module = {name for path in modules for name in own[path]}
    by_hand = [name for name in wanted if name not in by_module]
    entries = tuple(name for name in by_hand if wanted[name] in _VECTORS)
    products = tuple(name for name in by_hand if name not in entries and name in seen)
    roles: dict[str, Role | None] = {}
    shown: set[str] = set()
    for path in modules:
        # A matrix that two modules share has its own role in the first; of the other use the rule says nothing.
        fresh = [plan[name].role for name in own[path] if name not in shown]
        roles[path] = Role.HIDDEN if Role.HIDDEN in fresh else fresh[0] if fresh else None
        shown.update(own[path])
    return Sites(
        modules=modules,
        products=products,
        entries=entries,
        roles=roles | {name: wanted[name] for name in (*products, *entries)},
        unwatched=tuple(name for name in by_hand if name not in entries and name not in products),
    )


@contextmanager
def watched(
    model: nn.Module, modules: Collection[str], parameters: Collection[str], inputs: Inputs
) -> Iterator[dict[str, torch.Tensor]]:
    """Record, while the context lasts, what the modules and the functions that take the ``parameters`` put out."""
    values: dict[str, torch.Tensor] = {}

    def recorder(name: str) -> Any:
        def hook(_module: nn.Module, _arguments: object, output: object) -> None:
            if (activations := _first_tensor(output)) is not None:
                values[name] = activations.detach().clone()

        return hook

    handles = [model.get_submodule(name).register_forward_hook(recorder(name)) for name in modules]
    named = {name: parameter for name, parameter in model.named_parameters() if name in parameters}
    try:
        with _Uses(named, inputs, values):
            yield values
    finally:
        for handle in handles:
            handle.remove()


class _Uses(TorchFunctionMode):
    """Follows parameters and inputs through torch's functions; records what functions of both put out."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], inputs: Inputs, values: dict[str, torch.Tensor]):
        super().__init__()
        self._of: dict[int, frozenset[str]] = {id(p): frozenset([name]) for name, p in parameters.items()}
        self._activations = {id(tensor) for tensor in _tensors(inputs)}
        self._alive: list[torch.Tensor] = [*_tensors(inputs), *parameters.values()]  # so that no id is given away again
        self._values = values

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        results = list(_tensors(result))
        if results:
            arguments = list(_tensors((args, kwargs)))
            names = frozenset[str]().union(*(self._of.get(id(tensor), frozenset()) for tensor in arguments))
            is_activation = any(id(tensor) in self._activations for tensor in arguments)
            self._alive += results
            if is_activation:
                self._activations |= {id(tensor) for tensor in results}
                for name in names:
                    self._values[name] = results[0].detach().clone()
            elif names:
                self._of |= {id(tensor): names for tensor in results}
        return result


def _tensors(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _first_tensor(value: object) -> torch.Tensor | None:
    return next(_tensors(value), None)


def quiet_(model: nn.Module) -> bool:
    """Switch every dropout of ``model`` off, in place; return whether there was one. Chance by hand is left."""
    found = False
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            module.p, found = 0.0, True
        elif isinstance(module, nn.MultiheadAttention | nn.RNNBase) and module.dropout > 0:
            module.dropout, found = 0.0, True
    return found
