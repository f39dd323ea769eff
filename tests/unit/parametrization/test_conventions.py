"""The γ form of the papers, written out for a linear net and compared with what the plan's arguments train."""

import numpy as np
import pytest
import torch
from torch import nn

from infwidth.parametrization import parametrize
from infwidth.parametrization.conventions import base_net

D, WIDTH, ETA, GAMMA0 = 3, 5, 0.03, 0.7


def net(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(D, width, bias=False), nn.Linear(width, 1, bias=False)).double()


def test_gamma_form_is_one_step_of_the_papers_equation() -> None:
    """Bordelon & Pehlevan 2022, Eq. 1: f = w·h/(γ √N), h = W x/√D, θ ← θ − η γ² ∂L/∂θ with γ = γ0 √N, by hand."""
    base = base_net(ETA, GAMMA0, WIDTH, layer_lr="variance", optimizer="sgd")
    model = net(WIDTH)
    plan = parametrize(
        model,
        net(WIDTH),
        "mup",
        optimizer="sgd",
        lr=base.lr,
        readout_scale=base.readout_scale,
        layer_lr="variance",
        delta_model=net(2 * WIDTH),
    )
    plan.init_(model, 0)
    x, y = np.array([[1.0, -0.5, 2.0]]), 0.3
    gamma = GAMMA0 * np.sqrt(WIDTH)
    big_w = model[0].weight.detach().numpy() * np.sqrt(D)
    w = model[1].weight.detach().numpy()[0] * gamma * np.sqrt(WIDTH)

    optimizer = plan.optimizer(model)
    (0.5 * (model(torch.from_numpy(x)) - y).square().sum()).backward()
    optimizer.step()

    h = big_w @ x[0] / np.sqrt(D)
    error = w @ h / (gamma * np.sqrt(WIDTH)) - y
    rate = ETA * gamma**2
    new_w = w - rate * error * h / (gamma * np.sqrt(WIDTH))
    new_big_w = big_w - rate * error * np.outer(w, x[0]) / (gamma * np.sqrt(WIDTH * D))
    expected = new_w @ (new_big_w @ x[0]) / (gamma * np.sqrt(WIDTH) * np.sqrt(D))
    assert model(torch.from_numpy(x)).item() == pytest.approx(expected, rel=1e-12)


def test_adam_keeps_its_rate_and_uniform_divides_the_readout_only() -> None:
    assert base_net(ETA, GAMMA0, 16, layer_lr="variance", optimizer="adam") == (ETA, 1 / (GAMMA0 * 4))
    for optimizer in ("sgd", "adam"):
        assert base_net(ETA, GAMMA0, 16, layer_lr="uniform", optimizer=optimizer) == (ETA, 1 / GAMMA0)
