"""Where a net shows what each of its parameters does: what its layers put out, whatever way the weights are used."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from infwidth.parametrization.layouts import layout_of
from infwidth.parametrization.plan import Plan
from infwidth.parametrization.predictions import FEATURES, Place
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
        places: site → where it stands among the wide → finite maps inside the net.
        unwatched: parameters whose effect shows nowhere.
    """

    modules: tuple[str, ...]
    products: tuple[str, ...]
    entries: tuple[str, ...]
    roles: Mapping[str, Role | None]
    places: Mapping[str, Place]
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
        # What a module puts out is finite if one of its matrices makes it so (a recurrent net that projects its state).
        first = next((role for role in (Role.OUTPUT, Role.HIDDEN) if role in fresh), None)
        roles[path] = first or (fresh[0] if fresh else None)
        shown.update(own[path])
    roles |= {name: wanted[name] for name in (*products, *entries)}
    loops = {path for path in modules if {plan[name].role for name in own[path]} >= {Role.OUTPUT, Role.INPUT}}
    return Sites(
        modules=modules,
        products=products,
        entries=entries,
        roles=roles,
        places=_places(_dependences(model, modules, products, entries, inputs), roles, loops),
        unwatched=tuple(name for name in by_hand if name not in entries and name not in products),
    )


def _places(
    behind: Mapping[str, set[str]], roles: Mapping[str, Role | None], loops: Collection[str]
) -> dict[str, Place]:
    """Return the place of every site; ``behind``: site → the sites that it depends on (itself: through time).

    ``loops`` are modules that hold a wide → finite map and the way back.
    """
    inner = {
        site
        for site, role in roles.items()
        if role is Role.OUTPUT
        and (
            site in loops or any(site in behind[other] for other in roles if other == site or roles[other] in FEATURES)
        )
    }

    upstream = {site: (behind[site] & inner) - {site} for site in roles}
    meeting = {
        site: {site}.union(*(behind[other] | {other} for other in roles if site in behind[other])) for site in roles
    }
    return {
        site: Place(len(upstream[site]), len((meeting[site] & inner) - upstream[site] - {site}), site in inner)
        for site in roles
    }


def _dependences(
    model: nn.Module, modules: Sequence[str], products: Sequence[str], entries: Sequence[str], inputs: Inputs
) -> dict[str, set[str]]:
    """Return for every site the sites that its value depends on, read off autograd's graph of one forward pass."""
    nodes: dict[str, list[Any]] = {}

    def keep(name: str, value: torch.Tensor) -> None:
        if value.grad_fn is not None:
            nodes.setdefault(name, []).append(value.grad_fn)

    with torch.enable_grad():
        for name in entries:
            parameter = model.get_parameter(name)
            # What stands for a parameter in the graph is reached through a view of it.
            nodes[name] = [parameter.expand_as(parameter).grad_fn.next_functions[0][0]]  # type: ignore[union-attr]
        with _listening(model, modules, products, inputs, keep):
            outputs = called(model, inputs)  # noqa: F841  keeps the graph
    places: dict[Any, list[str]] = {}
    for name, its in nodes.items():
        for node in its:
            places.setdefault(node, []).append(name)
    dependences: dict[str, set[str]] = {}
    for name in (*modules, *products, *entries):
        last = nodes.get(name, [None])[-1]
        found: set[str] = set()
        seen = {last}
        pending = [last] if last is not None and name not in entries else []
        while pending:
            for node, _ in pending.pop().next_functions:
                if node is not None and node not in seen:
                    seen.add(node)
                    pending.append(node)
                    found.update(places.get(node, ()))
        dependences[name] = found
    return dependences


@contextmanager
def watched(
    model: nn.Module, modules: Collection[str], parameters: Collection[str], inputs: Inputs
) -> Iterator[dict[str, torch.Tensor]]:
    """Record, while the context lasts, what the modules and the functions that take the ``parameters`` put out."""
    values: dict[str, torch.Tensor] = {}

    def keep(name: str, value: torch.Tensor) -> None:
        values[name] = value.detach().clone()

    with _listening(model, modules, parameters, inputs, keep):
        yield values


@contextmanager
def _listening(
    model: nn.Module,
    modules: Collection[str],
    parameters: Collection[str],
    inputs: Inputs,
    keep: Callable[[str, torch.Tensor], None],
) -> Iterator[None]:
    """Call ``keep``, while the context lasts, with what the modules and the functions of the ``parameters`` put out."""

    def recorder(name: str) -> Any:
        def hook(_module: nn.Module, _arguments: object, output: object) -> None:
            if (activations := _first_tensor(output)) is not None:
                keep(name, activations)

        return hook

    handles = [model.get_submodule(name).register_forward_hook(recorder(name)) for name in modules]
    named = {name: parameter for name, parameter in model.named_parameters() if name in parameters}
    try:
        with _Uses(named, inputs, keep):
            yield
    finally:
        for handle in handles:
            handle.remove()


class _Uses(TorchFunctionMode):
    """Follows parameters and inputs through torch's functions; keeps what functions of both put out."""

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], inputs: Inputs, keep: Callable[[str, torch.Tensor], None]
    ):
        super().__init__()
        self._of: dict[int, frozenset[str]] = {id(p): frozenset([name]) for name, p in parameters.items()}
        self._activations = {id(tensor) for tensor in _tensors(inputs)}
        self._alive: list[torch.Tensor] = [*_tensors(inputs), *parameters.values()]  # so that no id is given away again
        self._keep = keep

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
                    self._keep(name, results[0])
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
