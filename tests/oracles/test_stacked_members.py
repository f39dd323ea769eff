"""Stacks of nets against the same nets trained one by one, and their spectra against the full Hessian."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from infwidth.solve.stacked_members import LossName, Members, normals, ritz, train
from infwidth.training.probes.sharpness import top_eigenpair

SIZES, GAMMA, RATES = (5, 7, 6, 3), (0.001, 1.0, 40.0, 1.0), (1e-6, 0.4, 4.0, 100.0)


def stack() -> Members:
    start = normals(SIZES, range(2), "a test")
    seed = torch.tensor([0, 1, 0, 1])
    return Members(
        weights=[w[seed] for w in start],
        start=start,
        origin=seed,
        multipliers=torch.tensor([5**-0.5, 7**-0.5, 1 / 6], dtype=torch.float64).repeat(4, 1),
        rates=6 * torch.tensor(RATES, dtype=torch.float64)[:, None].repeat(1, 3),
        scale=1 / torch.tensor(GAMMA, dtype=torch.float64),
    )


def batches(steps: int = 30) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(steps, 5, 8, generator=generator, dtype=torch.float64)
    y = torch.nn.functional.one_hot(torch.randint(3, (steps, 8), generator=generator), 3).double()
    return list(zip(x, y.transpose(1, 2), strict=True))


class Net(nn.Module):
    """One member by layers of torch, written anew: it shares no code with the stack."""

    def __init__(self, member: int) -> None:
        super().__init__()
        start = normals(SIZES, range(2), "a test")
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False).double() for a, b in itertools.pairwise(SIZES))
        for layer, w in zip(self.layers, start, strict=True):
            layer.weight.data = w[member % 2].clone()
        self.gamma = GAMMA[member]
        self.first = [w[member % 2] for w in start]

    def output(self, x: Tensor, weights: list[Tensor]) -> Tensor:
        h = torch.relu(x @ weights[0].T / math.sqrt(5))
        h = torch.relu(h @ weights[1].T / math.sqrt(7))
        return h @ weights[2].T / 6

    def forward(self, x: Tensor) -> Tensor:
        now = [layer.weight for layer in self.layers]
        return (self.output(x, now) - self.output(x, self.first)) / self.gamma

    def loss(self, x: Tensor, y: Tensor, name: LossName) -> Tensor:
        if name == "mse":
            return 0.5 * ((self(x.T) - y.T) ** 2).sum(1).mean()
        return nn.functional.cross_entropy(self(x.T), y.T)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_members_are_the_nets_trained_one_by_one(loss: LossName) -> None:
    last, losses, _ = train(stack(), batches(), loss)
    for place, member in enumerate(last.numbers.tolist()):
        net = Net(member)
        for step, (x, y) in enumerate(batches()):
            value = net.loss(x, y, loss)
            assert losses[step, member] == pytest.approx(value.item(), rel=1e-10, abs=1e-10)
            weights = list(net.parameters())
            for w, gradient in zip(weights, torch.autograd.grad(value, weights), strict=True):
                w.data -= 6 * RATES[member] * gradient
        for w, layer in zip(last.weights, net.layers, strict=True):
            torch.testing.assert_close(w[place].detach(), layer.weight.detach(), rtol=1e-10, atol=1e-10)


def test_a_member_that_diverges_leaves_the_others_alone() -> None:
    last, losses, right = train(stack(), batches(), "mse")
    assert last.numbers.tolist() == [0, 1, 2]
    lasted = int(np.isfinite(losses[:, 3]).sum())
    assert 0 < lasted < 30
    assert np.isnan(losses[lasted:, 3]).all()
    assert np.isnan(right[lasted:, 3]).all()
    assert np.isfinite(losses[:, :3]).all()


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_spectra_are_those_of_the_full_hessian(loss: LossName) -> None:
    """And the largest eigenvalue is what the probe of trainings finds."""
    x, y = batches(1)[0]
    last, _, _ = train(stack(), batches(), loss)
    n = last.n_parameters
    product = last.curvature(x, y, loss)
    start = torch.randn(n, generator=torch.Generator().manual_seed(1), dtype=torch.float64).repeat(len(last), 1)
    few, all_of_them = ritz(product, start, 30), ritz(product, start, n)
    for place, member in enumerate(last.numbers.tolist()):
        net = Net(member)
        shapes = [w.shape[1:] for w in last.weights]
        point = torch.cat([w[place].detach().flatten() for w in last.weights])

        def of(parameters: Tensor, net: Net = net, shapes: list[torch.Size] = shapes) -> Tensor:
            parts = parameters.split([s.numel() for s in shapes])
            weights = [part.reshape(s) for part, s in zip(parts, shapes, strict=True)]
            f = (net.output(x.T, weights) - net.output(x.T, net.first)) / net.gamma
            if loss == "mse":
                return 0.5 * ((f - y.T) ** 2).sum(1).mean()
            return nn.functional.cross_entropy(f, y.T)

        exact = 6 * RATES[member] * torch.linalg.eigvalsh(torch.autograd.functional.hessian(of, point))
        assert few[place, -1].item() == pytest.approx(exact[-1].item(), rel=1e-8)
        torch.testing.assert_close(all_of_them[place], exact, rtol=1e-7, atol=1e-9 * exact[-1].item())

        def of_one(v: Tensor, place: int = place) -> Tensor:
            vectors = torch.zeros(len(last), n, dtype=torch.float64)
            vectors[place] = v
            return product(vectors)[place]

        assert top_eigenpair(of_one, start[0], 30)[0] == pytest.approx(exact[-1].item(), rel=1e-8)
