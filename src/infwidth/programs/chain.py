"""Nets that are one chain of layers, Linear, φ, Linear, φ, …, Linear: what the exact interpreters can read."""

from dataclasses import dataclass

import torch
from torch import nn

from infwidth.errors import SpecError


@dataclass(frozen=True)
class Chain:
    """The linear layers of a net in the order in which they are used, and the elementwise function after each but one.

    ``names`` are those of the layers in the net.
    """

    linear: list[nn.Linear]
    names: list[str]
    functions: list[nn.Module]


def chain_of(net: nn.Module, what: str) -> Chain:
    """Return the chain that ``net``, of any width and with its values, is; ``what`` needs it to be one.

    The order is that of use, on an input; then the chain is computed by itself, and has to give the net's outputs.
    Raises SpecError for a net that is none, by name.
    """
    modules = {name: module for name, module in net.named_modules() if name and not list(module.children())}
    first = next((module for module in modules.values() if isinstance(module, nn.Linear)), None)
    if first is None:
        raise SpecError(f"{what}: the net has no nn.Linear, and has to be a chain of nn.Linear and functions")
    parameter = next(net.parameters())
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, first.in_features, generator=generator).to(parameter)
    used: list[tuple[str, nn.Module]] = []
    handles = [
        module.register_forward_hook(lambda m, _i, _o, name=name: used.append((name, m)))
        for name, module in modules.items()
    ]
    try:
        with torch.no_grad():
            outputs = net(x)
    except RuntimeError as error:
        raise SpecError(f"{what}: the net takes no vectors of {first.in_features} numbers: {error}") from error
    finally:
        for handle in handles:
            handle.remove()
    used = [(name, module) for name, module in used if not isinstance(module, nn.Flatten)]
    kinds = [isinstance(module, nn.Linear) for _, module in used]
    for name, module in used:
        if not isinstance(module, nn.Linear) and next(module.parameters(), None) is not None:
            raise SpecError(f"{what}: '{name}', a {type(module).__name__}, is neither nn.Linear nor a function")
    if kinds != [True, False] * (len(kinds) // 2) + [True] or len(kinds) < 3:
        raise SpecError(f"{what}: the net has to be nn.Linear, a function's module, nn.Linear, …, nn.Linear")
    z = x
    with torch.no_grad():
        for name, module in used:
            after = module(z)
            if not isinstance(module, nn.Linear):
                _check_elementwise(name, module, z, what)
            z = after
    layers = [module for _, module in used]
    distinct = len({id(module) for module in layers[::2]}) == len(layers[::2])
    if not distinct or outputs.shape != z.shape or not torch.allclose(z, outputs, rtol=1e-4, atol=1e-6):
        raise SpecError(f"{what}: the net does more than its layers one after the other (a sum, a scale, tied weights)")
    return Chain(
        [module for module in layers if isinstance(module, nn.Linear)], [name for name, _ in used[::2]], layers[1::2]
    )


def _check_elementwise(name: str, module: nn.Module, z: torch.Tensor, what: str) -> None:
    """Refuse a module that mixes the numbers of a tensor (a norm), or draws (dropout)."""
    turned = module(z.flip(-1)).flip(-1)
    if not torch.allclose(turned, module(z)) or not torch.allclose(module(z[:, :1]), module(z)[:, :1]):
        raise SpecError(f"{what}: '{name}', a {type(module).__name__}, is no function of one number")


def slope_of(function: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Return φ′(z)."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(function(z).sum(), z)
    return slope
