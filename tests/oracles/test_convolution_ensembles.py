"""Nets side by side as grouped convolutions, against each trained alone by torch's own modules, in double precision."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from infwidth.data.images import Images
from infwidth.papers.bordelon2023.measured_cnn import train_losses
from infwidth.solve.convolution_ensembles import Ensemble, Spec, _alignment, _batches, rows

E, N = 4, 3
SPEC = Spec(name="convolution_ensembles", width=N, gamma0=0.4, lr=150.0, steps=10, batch_size=5, n_seeds=E)


@pytest.fixture(scope="module")
def data() -> Images:
    rng = np.random.default_rng(0)
    x, y = torch.from_numpy(rng.random((20, 2, 7, 7))), torch.from_numpy(rng.integers(3, size=20))
    return Images(x[:12], y[:12], x[12:], y[12:], 3, "noise", "")


@pytest.fixture(scope="module")
def frame(data: Images) -> pd.DataFrame:
    return rows(SPEC, data).frame()


class _Alone(nn.Module):
    """One net, written as the paper does: convolution over √(9 fan-in), √2·ReLU, pooling, a dense layer over N."""

    def __init__(self, weights: list[torch.Tensor]) -> None:
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(w.detach().clone()) for w in weights])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *kernels, readout = self.weights
        for kernel in kernels:
            x = nn.functional.conv2d(x, kernel, padding="same") / (9 * kernel.shape[1]) ** 0.5
            x = nn.AvgPool2d(2)(x.clamp(min=0) * 2**0.5)
        return x.flatten(1) @ readout.T / N


def _alone(data: Images, net: _Alone) -> tuple[list[float], list[float], torch.Tensor]:
    """Return losses on the first training and on test images at all steps, and the outputs at the end on these."""
    parts = ((data.x_train, data.y_train), (data.x_test, data.y_test))
    y = [torch.eye(3).double()[labels] - 1 / 3 for _, labels in parts]
    start, found = [net(x).detach() for x, _ in parts], ([], [])
    rate = N * SPEC.gamma0**0.5 * SPEC.lr
    for step, batch in zip(range(SPEC.steps + 1), _batches(SPEC, 12), strict=False):
        f = [(net(x) - start[part]) / SPEC.gamma0 for part, (x, _) in enumerate(parts)]
        for part in range(2):
            found[part].append(0.5 * (f[part] - y[part])[:8].detach().square().mean().item())
        if step < SPEC.steps:
            loss = 0.5 * nn.functional.mse_loss(f[0][batch], y[0][batch])
            gradients = torch.autograd.grad(loss, net.parameters())
            with torch.no_grad():
                for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                    parameter -= rate * gradient
    return found[0], found[1], f[1].detach()


def test_nets_side_by_side_learn_as_each_alone(data: Images, frame: pd.DataFrame) -> None:
    weights = Ensemble(SPEC, data).parameters()
    outputs = []
    for seed in range(E):
        train, test, f = _alone(data, _Alone([w[seed] for w in weights]))
        outputs.append(f)
        for metric, expected in (("train_loss", train), ("test_loss", test)):
            found = frame[(frame.metric == metric) & (frame.seed == seed)].sort_values("step").value
            assert np.allclose(found, expected, rtol=1e-9, atol=0)
        assert np.ptp(train) > 0.02 * train[0], "they learn, or nothing was compared"
    y = torch.eye(3).double()[data.y_test] - 1 / 3
    together = float(0.5 * (torch.stack(outputs).mean(0) - y).square().mean())
    at_end = frame[(frame.metric == "ensemble_loss") & (frame.step == SPEC.steps)]
    assert np.isclose(at_end.value.item(), together, rtol=1e-9)
    without = frame[(frame.metric == "ensemble_loss_without") & (frame.step == SPEC.steps)].set_index("index").value
    for left in range(E):
        others = torch.stack([f for seed, f in enumerate(outputs) if seed != left]).mean(0)
        assert np.isclose(without[left], float(0.5 * (others - y).square().mean()), rtol=1e-9)


def test_the_loss_of_ensembles_is_bias_and_variance_over_their_number() -> None:
    """By enumeration: the mean over all pairs of a few outputs is what bias + variance/2 says."""
    from infwidth.analysis.table import Table
    from infwidth.results.rows import Rows
    from infwidth.solve.convolution_ensembles import _add_losses

    errors, out = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 6, 3))), Rows()
    _add_losses(out, 0, "train_loss", "ensemble_train_loss", errors)
    table = Table(out.frame().assign(width=N, gamma0=0.4))
    pairs = [0.5 * errors[list(of)].mean(0).square().mean() for of in combinations(range(5), 2)]
    members = train_losses(table)
    whole = members.losses().iloc[0]
    assert np.isclose(whole.bias + whole.variance / 2, np.mean(pairs), rtol=1e-12)
    less = members.losses(left=2).iloc[0]
    kept = errors[[0, 1, 3, 4]]
    assert np.isclose(less.single, 0.5 * kept.square().mean(), rtol=1e-12)
    assert np.isclose(less.bias + less.variance / 4, 0.5 * kept.mean(0).square().mean(), rtol=1e-12)


def test_alignment_is_the_cosine_of_kernels() -> None:
    rng = np.random.default_rng(2)
    features, y = torch.from_numpy(rng.normal(size=(2, 7, 4))), torch.from_numpy(rng.normal(size=(7, 3)))
    for found, of in zip(_alignment(features, y), features, strict=True):
        kernel, task = of @ of.T, y @ y.T
        assert np.isclose(found, float((kernel * task).sum() / (kernel.norm() * task.norm())), rtol=1e-12)


def test_every_image_is_seen_once_a_pass() -> None:
    batches = _batches(SPEC, 12)
    seen = torch.cat([next(batches) for _ in range(12)])
    assert all(sorted(part.tolist()) == list(range(12)) for part in seen.split(12))
