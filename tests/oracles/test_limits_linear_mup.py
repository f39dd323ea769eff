"""The linear μP limit and its finite partner: against plain nets, against autograd, and against each other."""

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.activations import ACTIVATIONS
from infwidth.analysis.statistics import exponent
from infwidth.limits import linear_mup
from infwidth.limits.abc_net import normals, train
from infwidth.parametrization import exponents

D, D_O, STEPS, LR = 6, 4, 30, 0.1


@pytest.fixture
def stream() -> dict[str, np.ndarray]:
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (STEPS, D + D_O))
    return {"inputs": signs[:, :D], "targets": signs[:, D:]}


def plain_net(u: np.ndarray, v: np.ndarray, stream: dict[str, np.ndarray], lr: float) -> np.ndarray:
    """Train f = v u ξ on ½‖f - y‖² with one rate for all widths; return v u before and after every step."""
    functions = [v @ u]
    for ξ, y in zip(stream["inputs"], stream["targets"], strict=True):
        χ = v @ u @ ξ - y
        u, v = u - lr * np.outer(v.T @ χ, ξ), v - lr * np.outer(χ, u @ ξ)
        functions.append(v @ u)
    return np.stack(functions)


@pytest.mark.parametrize(("sigma_u", "sigma_v"), [(1.0, 1.0), (0.5, 1.5), (1.0, 0.0)])
def test_the_limit_is_a_net_of_width_d_plus_d_o(stream: dict, sigma_u: float, sigma_v: float) -> None:
    history = linear_mup.train(**stream, lr=LR, sigma_u=sigma_u, sigma_v=sigma_v)
    u = np.vstack([sigma_u * np.eye(D), np.zeros((D_O, D))])
    v = np.hstack([np.zeros((D_O, D)), sigma_v * np.eye(D_O)])
    ours = np.stack([coefficients.function for coefficients in history])
    assert np.abs(ours - plain_net(u, v, stream, LR)).max() < 1e-12
    assert np.abs(ours[-1]).max() > 0.1  # it does train


def test_multipliers_of_mup_cancel_in_a_linear_net(stream: dict) -> None:
    width = 50
    mup = exponents("mup", 1)
    abc = tuple([float(x) for x in letter] for letter in (mup.a, mup.b, mup.c))
    draws = normals(np.random.default_rng(1), width=width, n_hidden=1, n_inputs=D, n_outputs=D_O)
    outputs = train([z[None] for z in draws], abc, ACTIVATIONS["linear"], **stream, probes=np.eye(D), lr=LR)
    plain = plain_net(draws[0] / width**0.5, draws[1] / width**0.5, stream, LR)
    assert np.abs(outputs[:, 0] - plain).max() < 1e-12


@pytest.mark.parametrize("rule", ["ntk", "mf", "sp_lr"])
def test_the_explicit_net_is_what_autograd_trains(stream: dict, rule: str) -> None:
    width, n_hidden, lr = 20, 3, 0.05
    ours = exponents(rule, n_hidden)
    abc = tuple([float(x) for x in letter] for letter in (ours.a, ours.b, ours.c))
    nets = [
        normals(np.random.default_rng(seed), width=width, n_hidden=n_hidden, n_inputs=D, n_outputs=D_O)
        for seed in (0, 1)
    ]
    probes = np.random.default_rng(2).standard_normal((3, D))
    draws = [np.stack(layer) for layer in zip(*nets, strict=True)]
    outputs = train(draws, abc, ACTIVATIONS["tanh"], **stream, probes=probes, lr=lr)

    weights = [torch.tensor(width**-b * z, requires_grad=True) for b, z in zip(abc[1], nets[1], strict=True)]

    def forward(x: torch.Tensor) -> torch.Tensor:
        for layer, (a, weight) in enumerate(zip(abc[0], weights, strict=True)):
            x = (torch.tanh(x) if layer else x) @ (width**-a * weight).T
        return x

    for ξ, y in zip(stream["inputs"], stream["targets"], strict=True):
        loss = 0.5 * ((forward(torch.tensor(ξ)) - torch.tensor(y)) ** 2).sum()
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, c, gradient in zip(weights, abc[2], gradients, strict=True):
                weight -= lr * width**-c * gradient
    final = forward(torch.tensor(probes)).detach().numpy().T
    assert np.abs(outputs[-1, 1] - final).max() < 1e-12
    assert np.abs(outputs[-1, 1] - outputs[0, 1]).max() > 0.01


def test_a_net_drawn_from_the_infinite_one_starts_as_the_trained_one_does(stream: dict) -> None:
    start = linear_mup.train(**stream, lr=LR, sigma_u=0.5, sigma_v=2.0)[0]
    u, v = normals(np.random.default_rng(3), width=40, n_hidden=1, n_inputs=D, n_outputs=D_O)
    assert np.abs(start.sample(u, v) - 0.5 * 2.0 * v @ u / 40).max() < 1e-14


@pytest.mark.parametrize("metric", ["trained_deviation", "sampled_deviation"])
def test_finite_nets_approach_the_limit_as_one_over_root_n(metric: str) -> None:
    import pandas as pd

    block = {"name": "linear_mup", "n_inputs": D, "n_outputs": D_O, "steps": STEPS, "lr": LR, "n_seeds": 30}
    rows = pd.concat([computed(**block, width=n).assign(width=n) for n in (64, 256, 1024)])
    slope = exponent(rows[rows.metric == metric])
    assert slope.value == pytest.approx(-0.5, abs=0.1)
    # The size of the deviation too: 0.62/√n in the reading notes for nets such as these, of another norm and data.
    at_1024 = rows[(rows.metric == metric) & (rows.width == 1024)].value.mean() * 32
    assert 0.3 < at_1024 < 1.5
