"""Agreement with Microsoft's ``mup`` 1.0.0: rates, decays, init ratios and 20-step trajectories in float64.

``mup`` implements Table 8 of Yang et al. 2022: its readout is n0/n times a layer whose weights we call native/(n0/n).
By the gauge change of size theta = m (W = w/m) its rates m·eta (SGD) and eta (Adam) are eta/m natively.
"""

import math

import mup
import pytest
import torch
from torch import nn

from infwidth.parametrization import parametrize

D, K, BASE, WIDTH = 7, 3, 8, 40
M = WIDTH / BASE


def net(width, readout=nn.Linear, second=None):
    second = second or width
    return nn.Sequential(
        nn.Linear(D, width), nn.Tanh(), nn.LayerNorm(width), nn.Linear(width, second), nn.Tanh(), readout(second, K)
    ).double()


def pair(second=None, second_base=None):
    """Return our model and mup's with random weights that make the two the same function."""
    ours, theirs = net(WIDTH, second=second), net(WIDTH, mup.MuReadout, second)
    mup.set_base_shapes(
        theirs,
        net(BASE, mup.MuReadout, second_base),
        delta=net(BASE + 1, mup.MuReadout, (second_base or BASE) + 1),
    )
    generator = torch.Generator().manual_seed(3)
    readout_multiplier = theirs[5].width_mult()
    with torch.no_grad():
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            a.copy_(torch.randn(a.shape, generator=generator, dtype=a.dtype) / math.sqrt(a.shape[-1]))
            b.copy_(a * readout_multiplier if name == "5.weight" else a)
    return ours, theirs


def settings(optimizer, model):
    """Return {parameter name: (lr, weight_decay)} of a torch optimizer."""
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        names[id(p)]: (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]
    }


CASES = {
    "sgd": (mup.MuSGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2}),
    "adam": (mup.MuAdam, {"lr": 0.01, "eps": 1e-30}),
    "adamw": (mup.MuAdamW, {"lr": 0.01, "eps": 1e-30, "weight_decay": 0.1}),
}


@pytest.mark.parametrize("widths", [(None, None), (24, 6)])
@pytest.mark.parametrize("optimizer", CASES)
def test_rates_and_decays_are_mups(optimizer, widths):
    make, kwargs = CASES[optimizer]
    ours, theirs = pair(*widths)
    plan = parametrize(ours, net(BASE, second=widths[1]), "mup", optimizer=optimizer, **kwargs)
    m = theirs[5].width_mult()
    for name, (lr, decay) in settings(make(theirs.parameters(), **kwargs), theirs).items():
        theta = 1.0
        if name == "5.weight":
            theta = m**-2 if optimizer == "sgd" else 1 / m
        assert plan[name].lr == pytest.approx(lr * theta, rel=1e-14)
        assert plan[name].weight_decay == pytest.approx(decay / theta, rel=1e-14)


@pytest.mark.parametrize("widths", [(None, None), (24, 6)])
@pytest.mark.parametrize("optimizer", CASES)
def test_trajectories_are_mups(optimizer, widths):
    make, kwargs = CASES[optimizer]
    ours, theirs = pair(*widths)
    plan = parametrize(ours, net(BASE, second=widths[1]), "mup", optimizer=optimizer, **kwargs)
    generator = torch.Generator().manual_seed(4)
    x, y = (torch.randn(16, size, generator=generator, dtype=torch.float64) for size in (D, K))
    losses = []
    for model, stepper in ((ours, plan.optimizer(ours)), (theirs, make(theirs.parameters(), **kwargs))):
        losses.append([])
        for _ in range(20):
            loss = ((model(x) - y) ** 2).mean()
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            losses[-1].append(loss.item())
    assert losses[0][-1] < 0.9 * losses[0][0]
    assert losses[0] == pytest.approx(losses[1], rel=1e-10)


def test_init_ratios_are_mups():
    """The same draws through mup.init.normal_ with the base width's std, against our stds."""
    ours, theirs = pair()
    plan = parametrize(ours, net(BASE), "mup", optimizer="sgd", lr=0.1)
    for name, readout_gauge in (("0.weight", 1.0), ("3.weight", 1.0), ("5.weight", M)):
        weight = theirs.get_parameter(name)
        base_std = 1 / math.sqrt(D if name == "0.weight" else BASE)
        torch.manual_seed(0)
        mup.init.normal_(weight, std=base_std)
        torch.manual_seed(0)
        draws = torch.empty_like(weight).normal_()
        assert torch.allclose(weight / readout_gauge, plan[name].init_std * draws, rtol=1e-12)


def test_at_base_width_both_are_standard():
    model = net(BASE, mup.MuReadout)
    mup.set_base_shapes(model, net(BASE, mup.MuReadout), delta=net(BASE + 1, mup.MuReadout))
    plan = parametrize(net(BASE), net(BASE), "mup", optimizer="sgd", lr=0.1)
    assert {entry.lr for entry in plan.values()} == {
        lr for lr, _ in settings(mup.MuSGD(model.parameters(), lr=0.1), model).values()
    }
