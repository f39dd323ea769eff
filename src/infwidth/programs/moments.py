"""Averages exist: what enters a product needs a finite second moment, and a sample shows where it has none."""

import torch

from infwidth.errors import SpecError

#: Neurons (in effect) that share a mean square, at least: in a sample of exp(z²) or 1/z, z normal, one or two have all.
FEWEST = 10
_VIEWS = ("T", "View", "Reshape", "UnsafeView", "Permute", "Transpose", "Unsqueeze", "Squeeze", "Clone", "Expand")
_LINEAR = ("Mm", "Addmm", "Bmm", "_Product", "Embedding", "Convolution", "AccumulateGrad")


@torch.no_grad()
def check_moments(x: torch.Tensor, where: str) -> None:
    """Raise SpecError if few neurons make up the mean square of x [n, k] that enters ``where``, naming the function.

    (Σ x²)² / Σ x⁴ says how many do in effect (Kish): a fixed part of all where x has a fourth moment, one or a few,
    however large the sample, where it has not even a second one. Small samples are not judged, nor is what is not
    finite, which the product refuses.
    """
    n = x.shape[0]
    if n < 8 * FEWEST:
        return
    largest = x.abs().amax(0)
    squares = (x / torch.where(largest > 0, largest, 1.0)).square()
    effective = squares.sum(0).square() / squares.square().sum(0)
    if not bool((effective < FEWEST).any()) or not bool(torch.isfinite(largest).all()):
        return
    raise SpecError(
        f"what enters {where}, {written(x)}, has no finite second moment as far as {n} neurons show it:"
        f" {effective[effective < FEWEST].min():.1f} of them make up its mean square. Averages over infinitely many"
        " neurons do not exist for functions like exp(x²) or 1/x; take one that grows less, or, for a polynomial, far"
        " more neurons"
    )


def written(x: torch.Tensor) -> str:
    """Return how x came from the last product, as its autograd graph says: "exp(pow(…))"."""
    names: list[str] = []
    node = x.grad_fn
    while node is not None and len(names) < 4:
        name = node.name().removesuffix("Backward0").removesuffix("Backward1").removesuffix("Backward")
        if name.removeprefix("torch::autograd::") in _LINEAR:
            break
        if name not in _VIEWS:
            names.append(name.lower())
        node = node.next_functions[0][0] if node.next_functions else None
    return "(".join([*names, "…"]) + ")" * len(names) if names else "a vector"
