r"""Chains of linear layers at infinite width without chance: neurons at the nodes of Gauss–Hermite rules.

A neuron is a function of independent standard Gaussians: its own first weights, and one new one for every direction
that a matrix or its transpose brings (see :mod:`infwidth.programs.gaussian`). A hidden layer then is a grid of nodes,
as many axes as Gaussians, and an average over neurons is a weighted sum, exact for polynomials of degree up to 2 m - 1
in a Gaussian with m nodes. So for polynomial functions all numbers are right to rounding (Yang & Hu 2021, Sec. 8);
for others more nodes show how far they are. The number of nodes is exponential in the number of products: a few steps.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import ParameterPlan, Plan
from infwidth.programs.chain import chain_of
from infwidth.programs.gaussian import Draw
from infwidth.programs.layers import GaussianLinear, GaussianWeight
from infwidth.programs.memory import check_free
from infwidth.programs.net import InfiniteNet


class Grid:
    """The neurons of one hidden layer: ``weights`` [nodes], whose sum stands for the number of neurons.

    Args:
        sizes: number of nodes for each Gaussian, in the order in which they are asked for.
        neurons: the sum of the weights.
        layer: which hidden layer it is, from one, for errors.
    """

    def __init__(self, sizes: Sequence[int], neurons: int, layer: int, device: torch.device) -> None:
        if not sizes or min(sizes) < 1:
            raise SpecError(f"nodes of hidden layer {layer} are {list(sizes)}: a positive number for every Gaussian")
        total = math.prod(sizes)
        check_free(
            8 * total * (4 * len(sizes) + 8),
            f"hidden layer {layer} with {total:.1e} nodes",
            "take fewer nodes, fewer steps, or neurons that are sampled",
            device,
        )
        self.layer, self.sizes, self.size = layer, tuple(sizes), total
        weights = np.ones(())
        for size in sizes:
            _, weight = hermegauss(size)
            weights = np.multiply.outer(weights, weight / weight.sum())
        self.weights = neurons * torch.from_numpy(weights.reshape(-1)).to(device)
        self._left = self._gaussians(device)
        self.taken = 0

    def _gaussians(self, device: torch.device) -> Iterator[torch.Tensor]:
        for axis, size in enumerate(self.sizes):
            nodes = torch.from_numpy(hermegauss(size)[0]).to(device)
            shape = [1] * len(self.sizes)
            shape[axis] = size
            yield nodes.reshape(shape).expand(self.sizes).reshape(-1)

    def take(self, count: int) -> torch.Tensor:
        """Return the next Gaussians, [nodes, count]. Raises SpecError if there are not so many."""
        self.taken += count
        if self.taken > len(self.sizes):
            raise SpecError(
                f"hidden layer {self.layer} needs {self.taken} Gaussians by now (one for every first weight of a neuron"
                f" and every independent product that arrives), and nodes has {len(self.sizes)} numbers for it:"
                " add to them, or take fewer steps"
            )
        return torch.stack([next(self._left) for _ in range(count)], 1)


def exact_net(
    build: Callable[[int], nn.Module],
    plan: Plan,
    *,
    base_width: int,
    neurons: int,
    nodes: Sequence[Sequence[int]],
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
) -> InfiniteNet:
    """Return the limit of ``build(n)`` under a ``plan`` for the width ``neurons``, which is no more than a unit here.

    ``nodes`` has, for every hidden layer, a number of nodes for each of its Gaussians: first weights (inputs of the
    first layer, outputs of the last; then biases that are drawn), then what the products bring, in their order. All is
    in float64. Raises SpecError for other optimizers than sgd, for nets that are no chains, and for too few nodes.
    """
    if plan.optimizer_name != "sgd":
        raise SpecError(f"exact neurons are trained by sgd, not {plan.optimizer_name}; sample them")
    net = build(base_width).double().to(device)
    chain = chain_of(net, "exact neurons")
    depth = len(chain.functions)
    if len(nodes) != depth:
        raise SpecError(f"nodes has {len(nodes)} lists, and the net {depth} hidden layers")
    grids = [Grid(sizes, neurons, layer, torch.device(device)) for layer, sizes in enumerate(nodes, 1)]
    like = torch.empty(0, dtype=torch.float64, device=device)
    gaussian: dict[str, GaussianWeight] = {}
    with torch.no_grad():
        read_in = chain.linear[0]
        read_in.weight = _first(grids[0], plan[f"{chain.names[0]}.weight"], read_in.in_features)
        readout = ExactReadout(
            _first(grids[-1], plan[f"{chain.names[-1]}.weight"], chain.linear[-1].out_features).T,
            chain.linear[-1].bias,
            grids[-1].weights,
        )
        for layer, linear in enumerate(chain.linear):
            name = chain.names[layer]
            if linear.bias is not None:
                _start_bias(linear, plan[f"{name}.bias"], grids[layer] if layer < depth else None)
            if 0 < layer < depth:
                weight = f"{name}.weight"
                source, target = grids[layer - 1], grids[layer]
                gaussian[weight] = GaussianWeight(
                    source.size,
                    target.size,
                    std=plan[weight].init_std,
                    draw=(_draw(target), _draw(source)),
                    dense=False,
                    like=like,
                    tolerance=1e-9 if tolerance is None else tolerance,
                    weights=(source.weights, target.weights),
                    name=f"'{weight}'",
                )
                _put(net, name, GaussianLinear(gaussian[weight], linear.bias))
        _put(net, chain.names[-1], readout)
    return InfiniteNet(net, plan, gaussian)


def _draw(grid: Grid) -> Draw:
    return lambda _n, count: grid.take(count)


def _first(grid: Grid, its: ParameterPlan, count: int) -> nn.Parameter:
    """Return weights [nodes, count] that a neuron has from the start."""
    if its.init_std == 0 or its.start == "kept":
        return nn.Parameter(grid.weights.new_zeros(grid.size, count))
    return nn.Parameter(its.init_std * grid.take(count))


def _start_bias(linear: nn.Linear, its: ParameterPlan, grid: Grid | None) -> None:
    if grid is None:
        linear.bias.fill_(its.init_mean)
    elif its.init_std == 0:
        linear.bias = nn.Parameter(grid.weights.new_full((grid.size,), its.init_mean))
    else:
        linear.bias = nn.Parameter(its.init_std * grid.take(1)[:, 0])


def _put(net: nn.Module, name: str, module: nn.Module) -> None:
    path, _, place = name.rpartition(".")
    setattr(net.get_submodule(path), place, module)


class ExactReadout(nn.Module):
    """``nn.Linear`` out of a grid of neurons: its sum is over neurons, as many as each node stands for."""

    def __init__(self, weight: torch.Tensor, bias: nn.Parameter | None, weights: torch.Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), bias
        self.weights = weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map [..., nodes] to [..., outputs]."""
        f: torch.Tensor = _Readout.apply(x, self.weight, self.weights)
        return f if self.bias is None else f + self.bias


class _Readout(torch.autograd.Function):
    """f = V diag(weights) x; gradients are those of one neuron at each node, as they are in a sample."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return (x * weights) @ weight.T

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        (g,), (x, weight) = gradients, ctx.saved_tensors
        return g @ weight, g.flatten(0, -2).T @ x.flatten(0, -2), None
