r"""A Gaussian matrix known by the products that were taken with it, between two populations of neurons.

Let G have independent standard normal entries, n_t × n_s, and let all that is known of it be G Q = A and Gᵀ Y = B, with
orthonormal columns Q (of what G was multiplied with) and Y (of what Gᵀ was multiplied with). Given these, for a unit
vector q orthogonal to Q

    G q = Y (Bᵀ q) + (1 - Y Yᵀ) g,    g standard normal and independent of all before,            (finite n)

because Yᵀ G q = Bᵀ q is known and the rest of G q is free. As n → ∞ the projection of g is lost (Y has few columns
beside n entries), and what is left is the rule of Tensor Programs (Yang & Hu 2021, Def. 7.3; Bolthausen 2014)

    G q = g + Y E[B q],                                                                            (infinite n)

Ẑ and Ż of the paper: g is Ẑ, and the averages E over neurons, of what Gᵀ brought into q, are what the paper computes as
expected derivatives. No derivative is needed here. With a sample of neurons in the place of the population averages
have an error of order n^-1/2.

The same holds for Gᵀ with the two sides exchanged. Products are taken block by block: columns are vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from infwidth.errors import SpecError

#: Number of neurons and of vectors → standard normal numbers [n, k].
Draw = Callable[[int, int], torch.Tensor]


@dataclass
class _Side:
    """One side of the matrix: an orthonormal basis [n, r] of what it was multiplied with, and the images [n', r]."""

    size: int
    draw: Draw  # of what arrives at this side
    basis: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    images: torch.Tensor = field(default_factory=lambda: torch.empty(0))


class GaussianMatrix:
    """A matrix with independent standard normal entries, [n_target, n_source], given only through its products.

    Args:
        n_source: neurons (or a sample of them) that it is multiplied with.
        n_target: neurons that its products belong to.
        draw: the only chance there is: what is new in products that arrive at the target, and at the source.
        infinite: whether both populations are infinite and ``n_source`` and ``n_target`` the sizes of samples of them;
            else the law is exactly that of a matrix of this size.
        tolerance: directions of relative length below it count as known already.
        like: dtype and device.
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        draw: tuple[Draw, Draw],
        *,
        infinite: bool = True,
        tolerance: float = 1e-3,
        like: torch.Tensor | None = None,
    ) -> None:
        like = torch.empty(0) if like is None else like
        self.infinite, self.tolerance = infinite, tolerance
        self.source, self.target = _Side(n_source, draw[1]), _Side(n_target, draw[0])
        for here, there in ((self.source, self.target), (self.target, self.source)):
            here.basis = like.new_zeros(here.size, 0)
            here.images = like.new_zeros(there.size, 0)

    @property
    def n_products(self) -> tuple[int, int]:
        """Number of known products of G and of Gᵀ."""
        return self.source.basis.shape[1], self.target.basis.shape[1]

    def forward(self, x: torch.Tensor, *, remember: bool = True) -> torch.Tensor:
        """Return G x, [n_target, k] for x [n_source, k], given all products so far.

        Without ``remember`` the product is forgotten: right in law for itself, and for nothing that comes later.
        """
        return self._product(x, self.source, self.target, remember)

    def backward(self, y: torch.Tensor, *, remember: bool = True) -> torch.Tensor:
        """Return Gᵀ y, [n_source, k] for y [n_target, k], given all products so far."""
        return self._product(y, self.target, self.source, remember)

    @torch.no_grad()
    def _product(self, x: torch.Tensor, here: _Side, there: _Side, remember: bool) -> torch.Tensor:
        coefficients, rest = _split(x, here.basis)
        fresh = _directions(rest, x, self.tolerance)
        if fresh.shape[1]:
            _, fresh = _split(fresh, here.basis)
            fresh = torch.linalg.qr(fresh).Q  # what the splitting has cost in orthogonality
        if here.basis.shape[1] + fresh.shape[1] >= here.size // 2:
            raise SpecError(
                f"a Gaussian matrix was asked for {here.basis.shape[1] + fresh.shape[1]} independent products with"
                f" {here.size} neurons, and far more neurons than products are needed: take more neurons, fewer steps"
                " or smaller batches"
            )
        images = there.draw(there.size, fresh.shape[1]).to(fresh)
        if not self.infinite:
            images = images - there.basis @ (there.basis.T @ images)
        images = images + there.basis @ (there.images.T @ fresh)
        product = here.images @ coefficients + images @ (fresh.T @ x)
        if remember:
            here.basis = torch.cat([here.basis, fresh], 1)
            here.images = torch.cat([here.images, images], 1)
        return product


def _split(x: torch.Tensor, basis: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the coefficients of x in the basis and the rest; twice, so that it is orthogonal to the last digit."""
    coefficients = basis.T @ x
    rest = x - basis @ coefficients
    correction = basis.T @ rest
    return coefficients + correction, rest - basis @ correction


def _directions(rest: torch.Tensor, x: torch.Tensor, tolerance: float) -> torch.Tensor:
    """Return an orthonormal basis of the span of ``rest``, without what is below the tolerance of the longest x."""
    longest = torch.linalg.vector_norm(x, dim=0).max() if x.numel() else x.new_zeros(())
    if not torch.isfinite(longest):
        raise SpecError(
            "a product with a Gaussian matrix is not finite: the training diverges, or a function overflows"
        )
    gram = rest.double().T @ rest.double()
    squares, vectors = torch.linalg.eigh(gram)
    kept = squares > (tolerance * longest.double()) ** 2
    return (rest.double() @ vectors[:, kept] / squares[kept].sqrt()).to(rest)
