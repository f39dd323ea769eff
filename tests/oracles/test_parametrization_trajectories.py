"""Gauge equivalences as equalities of training trajectories, in float64, with multipliers written out.

Sources: Yang & Hu 2021, Eq. 5; Yang et al. 2022, Tables 3, 8 and 9; Karkada 2024, the five vertices.
"""

import math

import pytest
import torch
from torch import nn

from infwidth.parametrization import Layer, exponents, parametrize, rescale, transform

D, K, BATCH = 7, 3, 16


def normal(key, *shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(key))


def train(layers, optimizer="sgd", momentum=0.9, n_steps=20, width=24):
    """Train f = g3 w3 phi(g2 w2 phi(g1 w1 x)), w = std Z with the same Z for all; return losses and outputs."""
    shapes = [(width, D)] + [(width, width)] * (len(layers) - 2) + [(K, width)]
    weights = [
        (layer.init_std * normal(i, *shape)).requires_grad_()
        for i, (layer, shape) in enumerate(zip(layers, shapes, strict=True))
    ]
    groups = [
        {"params": [w], "lr": layer.lr, "weight_decay": layer.weight_decay, "eps": layer.eps}
        for w, layer in zip(weights, layers, strict=True)
    ]
    if optimizer == "sgd":
        for group in groups:
            del group["eps"]
        stepper = torch.optim.SGD(groups, momentum=momentum)
    else:
        stepper = torch.optim.AdamW(groups)
    x, y = normal(100, BATCH, D), normal(101, BATCH, K)
    losses = []
    for _ in range(n_steps):
        h = x
        for i, (layer, w) in enumerate(zip(layers, weights, strict=True)):
            h = layer.multiplier * (torch.tanh(h) if i else h) @ w.T
        loss = ((h - y) ** 2).mean()
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return torch.tensor([*losses, *h.detach().flatten().tolist()], dtype=torch.float64)


def layers_of(abc, width, lr, eps=1e-8, weight_decay=0.0):
    """Return the numbers of an abc-parametrization at one width, fan-in of the input absorbed as 1/√d in its init."""
    return [
        Layer(
            multiplier=width ** -float(a),
            init_std=width ** -float(b) / (math.sqrt(D) if i == 0 else 1.0),
            lr=lr * width ** -float(c),
            weight_decay=weight_decay,
            # only Adam reads it: the gradient of w is n^-a times the native one
            eps=eps * width ** -float(a),
        )
        for i, (a, b, c) in enumerate(zip(abc.a, abc.b, abc.c, strict=True))
    ]


def distance(one, other):
    return ((one - other).abs() / one.abs().clamp_min(1e-3)).max().item()


@pytest.mark.parametrize("rule", ["ntk", "mup", "mf", "sp_lr"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_equation_5_by_trajectory(rule, optimizer):
    abc = exponents(rule, 2, optimizer=optimizer)
    lr = 0.3 if optimizer == "sgd" else 0.02
    plain = train(layers_of(abc, 24, lr), optimizer)
    assert plain[0] > 1.02 * plain[19]
    for theta in ("1/2", "-3/4", ["1/4", "-1", "1/3"]):
        moved = train(layers_of(transform(abc, theta, optimizer), 24, lr), optimizer)
        assert distance(plain, moved) < 1e-10
    # and with the learning rate left behind the function is another one
    wrong = transform(abc, "1/2", "adam" if optimizer == "sgd" else "sgd")
    assert distance(plain, train(layers_of(wrong, 24, lr), optimizer)) > 1e-3


# Yang et al. 2022: variance, multiplier, SGD lr, Adam lr of input, hidden, output weights at fan-in/fan-out n
TABLES = {
    3: lambda n: [(1 / D, 1, n, 1), (1 / n, 1, 1, 1 / n), (1 / n**2, 1, 1 / n, 1 / n)],
    8: lambda n: [(1 / D, 1, n, 1), (1 / n, 1, 1, 1 / n), (1, 1 / n, n, 1)],
    9: lambda n: [
        (1 / (D * n), n**0.5, 1, n**-0.5),
        (1 / n, 1, 1, 1 / n),
        (1 / n, n**-0.5, 1, n**-0.5),
    ],
}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_tables_3_8_and_9_are_one_parametrization(optimizer):
    n = 24

    def run(table):
        lr = 0.3 if optimizer == "sgd" else 0.02
        layers = [
            Layer(g, var**0.5, lr * (sgd if optimizer == "sgd" else adam), 0.0, 1e-30)
            for var, g, sgd, adam in TABLES[table](n)
        ]
        return train(layers, optimizer)

    assert run(3)[0] > 1.02 * run(3)[19]
    assert distance(run(3), run(8)) < 1e-10
    assert distance(run(3), run(9)) < 1e-10


def train_plan(plan, model, stds):
    """Train ``model`` as ``plan`` says from the draws and data of :func:`train`."""
    assert [plan[f"{i}.weight"].init_std for i in (0, 2, 4)] == pytest.approx(stds)
    for i, (weight, std) in enumerate(zip(model.parameters(), stds, strict=True)):
        weight.data = std * normal(i, *weight.shape)
    stepper = plan.optimizer(model)
    x, y, losses = normal(100, BATCH, D), normal(101, BATCH, K), []
    for _ in range(20):
        output = model(x)
        loss = ((output - y) ** 2).mean()
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return torch.tensor([*losses, *output.detach().flatten().tolist()], dtype=torch.float64)


def net(width):
    first, second, third = (nn.Linear(*shape, bias=False) for shape in [(D, width), (width, width), (width, K)])
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), third).double()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_plan_trains_as_table_9(optimizer):
    """The plan of an unmodified torch model at four times the base width, against the form with multipliers."""
    n, base = 24, 6
    m = n / base
    is_sgd = optimizer == "sgd"
    lr = 0.3 if is_sgd else 0.02
    plan = parametrize(net(n), net(base), "mup", optimizer=optimizer, lr=lr, momentum=0.9 if is_sgd else 0.0, eps=1e-30)
    stds = [1 / math.sqrt(D), 1 / math.sqrt(n), 1 / math.sqrt(base) / m]
    # Table 9 with n/n0 for n in the scaling factors
    layers = [
        Layer(g, std / g, lr * (sgd if is_sgd else adam), 0.0, 1e-30)
        for (_, g, sgd, adam), std in zip(TABLES[9](m), stds, strict=True)
    ]
    assert distance(train(layers, optimizer), train_plan(plan, net(n), stds)) < 1e-10


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_variance_rates_are_one_rate_with_forward_multipliers(optimizer):
    """At the base width, with weight decay and an eps that matters: unit-variance weights behind multipliers s."""
    n, is_sgd = 24, optimizer == "sgd"
    lr, decay, eps = (0.5, 1e-2, 0.0) if is_sgd else (0.05, 0.1, 1e-3)
    plan = parametrize(
        net(n),
        net(n),
        "ntk",
        optimizer=optimizer,
        lr=lr,
        momentum=0.9 if is_sgd else 0.0,
        weight_decay=decay,
        eps=eps,
        layer_lr="variance",
        readout_scale=0.5,
        delta_model=net(8),
    )
    stds = [1 / math.sqrt(D), 1 / math.sqrt(n), 0.5 / math.sqrt(n)]
    layers = [Layer(std, 1.0, lr, decay, eps) for std in stds]
    assert distance(train(layers, optimizer), train_plan(plan, net(n), stds)) < 1e-10


def vertex(rule, width, weight_decay=0.0, **kwargs):
    return layers_of(exponents(rule, 2, **kwargs), width, 0.3, weight_decay=weight_decay)


def test_karkadas_five_vertices_are_two_functions():
    n = 64
    runs = {
        "NTP": vertex("ntk", n),
        "NTP-lr": vertex("stp", n, richness=0),
        "muP": vertex("mup", n),
        "muP-lr": vertex("stp", n, richness="1/2"),
        "MFP": vertex("mf", n),
    }
    found = {name: train(layers, n_steps=50, width=n) for name, layers in runs.items()}
    assert distance(found["NTP"], found["NTP-lr"]) < 1e-11
    assert distance(found["muP"], found["muP-lr"]) < 1e-11
    assert distance(found["muP"], found["MFP"]) < 1e-11
    assert distance(found["muP"], found["NTP"]) > 1e-2
    assert found["muP"][49] < 0.5 * found["muP"][0]


def test_weight_decay_breaks_the_gauge_unless_it_is_moved_too():
    n, decay = 64, 1e-2
    plain = vertex("mup", n, decay)
    left_behind = vertex("mf", n, decay)
    thetas = [m.init_std / p.init_std for m, p in zip(left_behind, plain, strict=True)]
    moved = [rescale(layer, theta) for layer, theta in zip(plain, thetas, strict=True)]
    assert [x.lr for x in moved] == pytest.approx([x.lr for x in left_behind])
    one, two, three = (train(layers, n_steps=50, width=n) for layers in (plain, left_behind, moved))
    assert distance(one, three) < 1e-11
    assert distance(one, two) > 1e-2


def test_adam_eps_and_decay_move_with_the_gauge():
    layers = [Layer(g, s, 0.02, 0.1, 1e-3) for g, s in [(1.0, 0.4), (0.5, 0.4), (0.2, 1.0)]]
    moved = [rescale(layer, theta, "adam") for layer, theta in zip(layers, (3.0, 0.2, 0.7), strict=True)]
    plain = train(layers, "adam")
    assert distance(plain, train(moved, "adam")) < 1e-10
    assert distance(plain, train([layer._replace(eps=1e-3) for layer in moved], "adam")) > 1e-3
    assert distance(plain, train([layer._replace(weight_decay=0.1) for layer in moved], "adam")) > 1e-3
