"""Layers between two infinite populations: W = s·σ G + ΔW, with G a Gaussian matrix known by its law.

Training adds to ΔW, which is a sum of outer products of what the layer has seen, g xᵀ: everything that x spans is in
the basis Q of the law's source side, so that ΔW = U Qᵀ, with as many columns as the law has products. Nothing of size
n_target × n_source is ever held. Under optimizers that are no linear functions of the gradient (Adam) an entry of ΔW
is a function of both neurons; there ΔW is held as a matrix of the sampled neurons.
"""

from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.programs.gaussian import Columns, Draw, GaussianMatrix
from infwidth.programs.moments import check_moments


class GaussianWeight(nn.Module):
    """The weight [n_target, n_source] of a layer, as an operator with its transpose; vectors are columns.

    Args:
        n_source: sampled neurons that it is multiplied with.
        n_target: sampled neurons of its products.
        std: σ, of an entry at the start.
        draw: standard normal numbers for the target, and for the source.
        dense: whether ΔW is a parameter of its own (for any optimizer of torch) or a sum of outer products (for SGD).
        like: dtype and device.
        law: the other arguments of :class:`GaussianMatrix`.
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        *,
        std: float,
        draw: tuple[Draw, Draw],
        dense: bool,
        like: torch.Tensor,
        **law: Any,
    ) -> None:
        super().__init__()
        self.law = GaussianMatrix(n_source, n_target, draw, like=like, **law)
        self.std, self.scale, self.scale_velocity = std, 1.0, 0.0  # σ, and s with its momentum
        self.delta = nn.Parameter(like.new_zeros(n_target, n_source)) if dense else None
        # Stands for this weight in the groups of an optimizer, and makes a graph where no activation asks for one.
        self.anchor = nn.Parameter(like.new_zeros(()))
        self.change = Columns(n_target, like)  # U, of as many directions as there were at the last step
        self.velocity = Columns(n_target, like)
        self.pending: list[tuple[torch.Tensor, torch.Tensor]] = []  # (Qᵀ x, gradient) of every use since then

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return W x, [n_target, k]. Products are remembered while gradients are, that is, in training.

        Raises SpecError for x without a finite second moment, as far as a sample shows it.
        """
        if self.law.infinite and self.law.source.weights is None:
            check_moments(x, self.law.name)
        product: torch.Tensor = _Product.apply(x, self.anchor, self, torch.is_grad_enabled())
        return product if self.delta is None else product + self.delta @ x

    def product(self, x: torch.Tensor, remember: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the part of W x that no parameter of torch holds, and Qᵀ x."""
        start, coefficients = self.law.multiply(x, remember=remember)
        return torch.addmm(
            start, self.change.all, coefficients[: self.change.count], beta=self.scale * self.std
        ), coefficients

    def transposed_product(self, y: torch.Tensor) -> torch.Tensor:
        """Return the part of Wᵀ y that no parameter of torch holds."""
        start = self.law.backward(y)
        moved = self.change.rows @ self.law.target.dual(y)
        return torch.addmm(start, self.law.source.basis.all[:, : len(moved)], moved, beta=self.scale * self.std)

    @torch.no_grad()
    def step(self, *, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """Make a step of SGD, as ``torch.optim.SGD`` does: v ← μ v + g + λ W, W ← W - lr v; forget the gradient."""
        count = self.law.n_products[0]
        self.change.fill_up(count)
        change = self.change.rows
        if momentum:
            self.velocity.fill_up(count)
            velocity = self.velocity.rows.mul_(momentum).add_(change, alpha=weight_decay)
            for coefficients, g in self.pending:
                velocity[: len(coefficients)].addmm_(coefficients, g.T)
            change.sub_(velocity, alpha=lr)
        else:
            change.mul_(1 - lr * weight_decay)
            for coefficients, g in self.pending:
                change[: len(coefficients)].addmm_(coefficients, g.T, alpha=-lr)
        # Of λ s σ G, which the momentum keeps too, only the scale changes.
        self.scale_velocity = momentum * self.scale_velocity + weight_decay * self.scale
        self.scale -= lr * self.scale_velocity
        self.pending.clear()


class _Product(torch.autograd.Function):
    """W x forwards, Wᵀ g backwards: the program of a gradient is written by differentiating that of the loss."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, _anchor: torch.Tensor, weight: GaussianWeight, remember: bool
    ) -> torch.Tensor:
        product, ctx.coefficients = weight.product(x.detach(), remember)
        ctx.weight = weight
        return product

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, None, None, None]:
        (g,) = gradients
        if ctx.weight.delta is None:
            ctx.weight.pending.append((ctx.coefficients, g.detach()))
        return ctx.weight.transposed_product(g) if ctx.needs_input_grad[0] else None, None, None, None


class GaussianLinear(nn.Module):
    """``nn.Linear`` between two infinite populations: [..., n_source] to [..., n_target]."""

    def __init__(self, weight: GaussianWeight, bias: nn.Parameter | None) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the layer."""
        h = self.weight(x.reshape(-1, x.shape[-1]).T).T.reshape(*x.shape[:-1], -1)
        return h if self.bias is None else h + self.bias


class GaussianConv2d(nn.Module):
    """``nn.Conv2d`` between two infinite populations of channels; every pixel is a vector, all share the matrices.

    The matrices of all places (i, j) of the kernel stand on one another in one weight [kernel · n_target, n_source]: it
    is multiplied with every pixel, and the products are moved to the pixels where they belong and added up.
    """

    def __init__(self, weight: GaussianWeight, like: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = weight, like.bias
        self.kernel_size, self.stride, self.padding = like.kernel_size, like.stride, like.padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, n_source, H, W] to [P, n_target, H', W']."""
        (high, wide), (ph, pw) = self.kernel_size, cast(tuple[int, int], self.padding)
        p, n, rows, columns = x.shape
        z = self.weight(x.permute(1, 0, 2, 3).reshape(n, -1)).reshape(high, wide, -1, p, rows, columns)
        z = F.pad(z, (pw, pw, ph, ph))
        height, width = rows + 2 * ph - high + 1, columns + 2 * pw - wide + 1
        parts = [z[i, j, :, :, i : i + height, j : j + width] for i in range(high) for j in range(wide)]
        h = torch.stack(parts).sum(0)[:, :, :: self.stride[0], :: self.stride[1]].transpose(0, 1)
        return h if self.bias is None else h + self.bias[:, None, None]
