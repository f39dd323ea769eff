"""What branches learn beyond linear in their weights: against products written out, and its exponents in deep nets."""

import numpy as np
import pytest
import torch
from torch import Tensor

from infwidth.solve.branch_changes import Weights, beyond_linear

WIDTH = 8


def bilinear(weights: Weights, h: Tensor) -> Tensor:
    """Return D U h of stacks of weights [nets, N, N] and inputs [nets, P, N]."""
    return h @ weights["up"].mT @ weights["down"].mT


def smooth(weights: Weights, h: Tensor) -> Tensor:
    """Return D tanh(U h)."""
    return torch.tanh(h @ weights["up"].mT) @ weights["down"].mT


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_of_a_product_of_two_matrices_it_is_the_product_of_their_changes() -> None:
    start = {"up": _drawn(3, 5, 4), "down": _drawn(3, 4, 5, seed=1)}
    moved = {"up": 0.7 * _drawn(3, 5, 4, seed=2), "down": 0.7 * _drawn(3, 4, 5, seed=3)}
    h = _drawn(3, 6, 4, seed=4)
    found = beyond_linear(bilinear, start, {name: start[name] + moved[name] for name in start}, h)
    for net in range(3):
        u, d, du, dd, x = (t[net].numpy() for t in (start["up"], start["down"], moved["up"], moved["down"], h))
        expected = np.linalg.norm(dd @ du @ x.T) / np.linalg.norm((d @ du + dd @ u) @ x.T)
        assert found[net].item() == pytest.approx(expected, rel=1e-10)


def test_of_what_is_linear_in_its_weights_it_is_nothing() -> None:
    start, end = {"w": _drawn(2, 4, 4)}, {"w": _drawn(2, 4, 4, seed=1)}
    assert (beyond_linear(lambda w, x: x @ w["w"].mT, start, end, _drawn(2, 3, 4, seed=2)) < 1e-10).all()


def _trained(n_branches: int, power: float) -> float:
    """Return the mean over the branches of a deep net of vectors after three steps at the rates L^(p-1).

    Of signs of gradients, which are Adam's where it forgets at once.
    """
    start = {name: _drawn(n_branches, WIDTH, WIDTH, seed=seed) / WIDTH**0.5 for seed, name in enumerate(("up", "down"))}
    weights = {name: w.clone().requires_grad_() for name, w in start.items()}
    x, y = _drawn(5, WIDTH, seed=5), _drawn(5, WIDTH, seed=6)
    rate = 0.02 * n_branches ** (power - 1)

    def streams() -> list[Tensor]:
        seen = [x]
        for up, down in zip(weights["up"], weights["down"], strict=True):
            seen.append(seen[-1] + n_branches**-power * torch.tanh(seen[-1] @ up.T) @ down.T)
        return seen

    for _ in range(3):
        loss = (streams()[-1] - y).square().mean()
        gradients = torch.autograd.grad(loss, list(weights.values()))
        with torch.no_grad():
            for w, gradient in zip(weights.values(), gradients, strict=True):
                w -= rate * gradient.sign()
    end = {name: w.detach() for name, w in weights.items()}
    return beyond_linear(smooth, start, end, torch.stack(streams()[:-1]).detach()).mean().item()


@pytest.mark.parametrize(("power", "exponent"), [(0.5, -0.5), (1.0, 0.0)])
def test_it_falls_with_the_depth_as_the_rates_of_the_branches_do(power: float, exponent: float) -> None:
    depths = (16, 48, 144)
    found = np.polyfit(np.log(depths), np.log([_trained(depth, power) for depth in depths]), 1)[0]
    assert found == pytest.approx(exponent, abs=0.03)
