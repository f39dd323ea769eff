"""Training at infinite width: against explicit matrices, closed-form limits, and wide nets."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.limits.dmft import deep_linear_dmft
from infwidth.limits.nonlinear_mup import limit_outputs
from infwidth.parametrization import parametrize
from infwidth.programs import infinite, replicas
from infwidth.programs.gaussian import GaussianMatrix
from infwidth.programs.layers import GaussianConv2d, GaussianLinear, GaussianWeight

D, P = 10, 6


def normal(key, *shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(key), dtype=dtype)


# ---- the law, at finite n, is that of an explicit matrix


def test_given_the_products_the_law_is_that_of_the_matrix_itself():
    """With g = G q in the place of the fresh Gaussian, Y(Bᵀq) + (1 - YYᵀ) g is G q again, to machine precision."""
    n_source, n_target = 60, 40
    explicit = normal(0, n_target, n_source, dtype=torch.float64)
    wanted: list[torch.Tensor] = []
    law = GaussianMatrix(
        n_source,
        n_target,
        (lambda n, k: wanted.pop(), lambda n, k: wanted.pop()),
        infinite=False,
        tolerance=1e-9,
        like=explicit[:0],
    )
    for number in range(6):
        x, y = (
            normal(10 + number, n_source, 2, dtype=torch.float64),
            normal(20 + number, n_target, 1, dtype=torch.float64),
        )
        x[:, 1] = x[:, 0] if number == 3 else x[:, 1]  # a direction that comes twice
        for z, matrix, side, product in (
            (x, explicit, law.source, law.forward),
            (y, explicit.T, law.target, law.backward),
        ):
            wanted.append(_ImageOf(matrix))
            torch.testing.assert_close(product(z), matrix @ z, rtol=1e-9, atol=1e-9)
            assert side.basis.count == int(torch.linalg.matrix_rank(side.basis.all))
    assert law.n_products == (11, 6)
    torch.testing.assert_close(law.source.images.all, explicit @ law.source.basis.all, rtol=1e-9, atol=1e-9)


class _ImageOf:
    """In the place of fresh numbers, which the law brings to the dtype of the new directions: their true images."""

    def __init__(self, matrix):
        self.matrix = matrix

    def to(self, fresh):
        return self.matrix @ fresh


# ---- infinite width against exact limits


def square_net(n):
    class Square(nn.Module):
        def forward(self, x):
            return x**2

    linear = lambda a, b: nn.Linear(a, b, bias=False)  # noqa: E731
    return nn.Sequential(linear(1, n), Square(), linear(n, n), Square(), linear(n, 1))


def test_two_hidden_layers_of_squares_are_those_of_exact_quadrature():
    """Yang & Hu 2021, Fig. 4: neurons are polynomials of Gaussians there, and sampled here."""
    inputs, targets = normal(1, 4), normal(2, 4)
    exact = limit_outputs("square", n_hidden=2, inputs=inputs.numpy(), targets=targets.numpy(), lr=0.01)

    def run(seed):
        net = infinite(square_net, base_width=1, neurons=60_000, lr=0.01, seed=seed)
        optimizer, outputs = net.optimizer(), []
        for x, y in zip(inputs, targets, strict=True):
            f = net(x.reshape(1, 1)).squeeze()
            outputs.append(f.detach())
            optimizer.zero_grad()
            (0.5 * (f - y) ** 2).backward()
            optimizer.step()
        return torch.stack(outputs)

    mean, error = replicas(run, range(4))
    assert (np.abs(exact) > 0.01).any()
    assert (np.abs(mean.numpy() - exact) < 4 * error.numpy() + 1e-4).all(), (mean, exact, error)


def mlp(n, n_hidden=2, phi=nn.Tanh, d=D, k=1):
    layers = [nn.Linear(d, n, bias=False), phi()]
    for _ in range(n_hidden - 1):
        layers += [nn.Linear(n, n, bias=False), phi()]
    return nn.Sequential(*layers, nn.Linear(n, k, bias=False))


def test_deep_linear_nets_are_those_of_mean_field_theory():
    """Bordelon & Pehlevan 2022: kernels and errors of three hidden layers, solved there as integral equations."""
    x, y = normal(3, P, D), torch.tensor([1.0, -1.0] * (P // 2))
    gamma0, lr, steps, base, n_hidden = 1.0, 0.05, 12, 4, 3
    theory = deep_linear_dmft(
        (x @ x.T / D).double().numpy(), y.double().numpy(), n_hidden=n_hidden, gamma0=gamma0, lr=lr, steps=steps
    )
    gamma = gamma0 * math.sqrt(base)

    def run(seed):
        net = infinite(
            lambda n: mlp(n, n_hidden, nn.Identity),
            base_width=base,
            neurons=20_000,
            lr=lr * gamma**2,
            layer_lr="variance",
            readout_scale=1 / gamma,
            seed=seed,
        )
        optimizer, losses = net.optimizer(), []
        for _ in range(steps + 1):
            loss = 0.5 * ((net(x).squeeze(1) - y) ** 2).sum()
            losses.append(2 * loss.detach() / P)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return torch.stack(losses)

    mean, error = replicas(run, range(4))
    assert theory.losses[-1] < 0.7 * theory.losses[0]
    assert (np.abs(mean.numpy() - theory.losses) < 4 * error.numpy() + 2e-3).all(), (mean, theory.losses)


# ---- infinite width against wide nets


class Residual(nn.Module):
    """A read-in, a normed residual block, attention of two heads over places, a readout of the mean: all by hand."""

    def __init__(self, n):
        super().__init__()
        self.embed, self.norm = nn.Embedding(5, n), nn.LayerNorm(n)
        self.q, self.k, self.v, self.o = (nn.Linear(n, n, bias=False) for _ in range(4))
        self.up, self.down, self.readout = nn.Linear(n, 2 * n), nn.Linear(2 * n, n), nn.Linear(n, 1, bias=False)

    def forward(self, ids):
        h = self.embed(ids)
        q, k, v = (m(self.norm(h)).unflatten(-1, (2, -1)).transpose(1, 2) for m in (self.q, self.k, self.v))
        attention = (q @ k.transpose(-1, -2) / q.shape[-1] * 4).softmax(-1)
        h = h + self.o((attention @ v).transpose(1, 2).flatten(2))
        h = h + self.down(torch.relu(self.up(self.norm(h))))
        return self.readout(h.mean(1))


class Convolutional(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, n, 3, padding=1), nn.Conv2d(n, n, 3, stride=2, padding=1)
        self.readout = nn.Linear(n, 1)

    def forward(self, x):
        return self.readout(torch.tanh(self.b(torch.tanh(self.a(x)))).mean((2, 3)))


class Recurrent(nn.Module):
    """One matrix used five times."""

    def __init__(self, n):
        super().__init__()
        self.read, self.mix, self.readout = nn.Linear(2, n), nn.Linear(n, n, bias=False), nn.Linear(n, 1)

    def forward(self, x):
        h = torch.tanh(self.read(x[:, 0]))
        for t in range(1, x.shape[1]):
            h = torch.tanh(self.mix(h) + self.read(x[:, t]))
        return self.readout(h)


TEXTS = torch.arange(24).reshape(6, 4) * 7 % 5
CASES = {
    "tanh": (lambda n: mlp(n, 3), normal(4, P, D), "sgd", {"lr": 0.1}),
    "relu": (lambda n: mlp(n, 2, nn.ReLU), normal(4, P, D), "sgd", {"lr": 0.1}),
    "momentum and decay": (mlp, normal(4, P, D), "sgd", {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.05}),
    "adamw": (mlp, normal(4, P, D), "adamw", {"lr": 0.02, "weight_decay": 0.5}),
    "transformer": (Residual, TEXTS, "sgd", {"lr": 0.02}),
    "transformer, adam": (Residual, TEXTS, "adam", {"lr": 0.01}),
    "convolutional": (Convolutional, normal(5, P, 1, 3, 3), "sgd", {"lr": 0.1}),
    "recurrent": (Recurrent, normal(6, P, 4, 2), "sgd", {"lr": 0.1}),
}
BASE, STEPS = 16, 8


def trained(net, optimizer, inputs):
    """Return the outputs after each of a few steps, [STEPS, P]."""
    targets, outputs = normal(7, P, 1), []
    for step in range(STEPS + 1):
        f = net(inputs)
        if step:
            outputs.append(f.detach().flatten())
        optimizer.zero_grad()
        F.mse_loss(f, targets).backward()
        optimizer.step()
    return torch.stack(outputs)


@pytest.mark.parametrize("name", CASES)
def test_wide_nets_approach_the_limit(name):
    """f_n - f_∞ is noise of order n^-1/2 and a bias of order 1/n: the means' intercept is the limit."""
    build, inputs, optimizer, options = CASES[name]
    neurons = 1024 if optimizer != "sgd" or name == "convolutional" else 4000

    def at_infinity(seed):
        net = infinite(build, base_width=BASE, neurons=neurons, optimizer=optimizer, seed=seed, **options)
        return trained(net, net.optimizer(), inputs)

    def at(n):
        found = []
        for seed in range(12):
            net = build(n)
            plan = parametrize(net, build(BASE), "mup", optimizer=optimizer, delta_model=build(2 * BASE), **options)
            plan.init_(net, seed)
            found.append(trained(net, plan.optimizer(net), inputs))
        found = torch.stack(found)
        return found.mean(0), found.std(0) / len(found) ** 0.5

    limit, error = replicas(at_infinity, range(3))
    (narrow, narrow_error), (wide, wide_error) = at(128), at(512)
    intercept = (4 * wide - narrow) / 3  # Richardson, in 1/n
    spread = torch.sqrt((4 / 3 * wide_error) ** 2 + (narrow_error / 3) ** 2 + error**2)
    off = (intercept - limit) / spread
    scale = limit.square().mean().sqrt()
    assert off.square().mean().sqrt() < 2.0, off
    assert (intercept - limit).square().mean().sqrt() < 0.15 * scale
    assert (wide - limit).square().mean() < (narrow - limit).square().mean() + spread.square().mean()


def test_without_what_comes_back_through_the_transpose_the_limit_is_another():
    """Mutation: dropping Y E[B q] (Ż of the paper) moves the outputs by far more than their error."""
    inputs = CASES["tanh"][1]

    def run(seed, with_correction):
        net = infinite(CASES["tanh"][0], base_width=BASE, neurons=4000, lr=0.1, seed=seed)
        if not with_correction:
            for weight in net.gaussian.values():
                weight.law._product = _without_correction(weight.law)
        return trained(net, net.optimizer(), inputs)

    whole, error = replicas(lambda seed: run(seed, True), range(3))
    halved, _ = replicas(lambda seed: run(seed, False), range(3))
    assert (whole - halved).square().mean().sqrt() > 5 * error.square().mean().sqrt()


def _without_correction(law):
    def product(x, here, there, remember):
        kept = there.images.rows.clone()
        there.images.rows.zero_()
        try:
            return GaussianMatrix._product(law, x, here, there, remember)
        finally:
            there.images.rows[: len(kept)] = kept

    return product


# ---- what layers do


def test_the_error_falls_as_the_root_of_the_neurons():
    inputs = CASES["tanh"][1]

    def spread(neurons):
        def run(seed):
            net = infinite(mlp, base_width=BASE, neurons=neurons, lr=0.1, seed=seed)
            return trained(net, net.optimizer(), inputs)

        return replicas(run, range(8))[1].square().mean().sqrt().item()

    assert math.log(spread(500) / spread(8000)) / math.log(16) == pytest.approx(0.5, abs=0.15)


def test_the_output_starts_at_zero_and_memory_stops_growing():
    net = infinite(mlp, base_width=BASE, neurons=2000, lr=0.05)
    inputs = CASES["tanh"][1]
    assert net(inputs).abs().max() < 1e-5
    optimizer, counts = net.optimizer(), []
    for _ in range(60):
        optimizer.zero_grad()
        F.mse_loss(net(inputs), normal(7, P, 1)).backward()
        optimizer.step()
        counts.append(sum(net.n_products["2.weight"]))
    assert counts[-1] < 30 * P
    assert counts[-1] - counts[-20] < counts[19] - counts[0]
    with torch.no_grad():
        net(normal(8, 50, D))
    assert sum(net.n_products["2.weight"]) == counts[-1]


def test_schedulers_move_the_gaussian_weights_too():
    net = infinite(mlp, base_width=BASE, neurons=200, lr=0.5)
    optimizer = net.optimizer()
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step else 1.0)
    for step in range(2):
        optimizer.zero_grad()
        F.mse_loss(net(CASES["tanh"][1]), normal(7, P, 1)).backward()
        before = net.gaussian["2.weight"].change.all.clone()
        optimizer.step()
        scheduler.step()
        after = net.gaussian["2.weight"].change.all
        moved = (after[:, : before.shape[1]] - before).abs().max() if before.shape[1] else after.abs().max()
        assert (moved > 0) == (step == 0)


def test_a_gaussian_convolution_is_a_convolution():
    like = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    weight = GaussianWeight(
        3, 36, std=1.0, draw=(torch.randn, torch.randn), dense=True, like=torch.empty(0), infinite=False
    )
    x = normal(9, 2, 3, 7, 6)
    with torch.no_grad():
        weight.scale = 0.0
        weight.delta.copy_(like.weight.permute(2, 3, 0, 1).reshape(36, 3))
    weight.product = lambda x, remember: (torch.zeros(36, x.shape[1]), None)
    torch.testing.assert_close(GaussianConv2d(weight, like)(x), like(x))


def test_a_gaussian_layer_without_learning_is_a_linear_map():
    weight = GaussianWeight(300, 200, std=0.1, draw=(torch.randn, torch.randn), dense=False, like=torch.empty(0))
    layer = GaussianLinear(weight, None)
    x = normal(1, 4, 300)
    torch.testing.assert_close(layer(x) @ torch.ones(200), layer(x).sum(-1))
    torch.testing.assert_close(layer(2 * x - x[:1]), 2 * layer(x) - layer(x[:1]), rtol=1e-4, atol=1e-3)
    assert layer(x).std().item() == pytest.approx(0.1 * math.sqrt(300), rel=0.15)


# ---- refusals


class Shaped(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.read, self.rnn, self.readout = nn.Linear(2, n), nn.GRU(n, n), nn.Linear(n, 1)


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (mlp, {"rule": "sp", "optimizer": "adam"}, "rule 'sp' with adam"),
        (mlp, {"neurons": 20}, "far larger than the base width 16"),
        (Shaped, {}, "parameter 'rnn.weight_ih_l0' of a GRU is wide on both sides"),
        (
            lambda n: nn.Sequential(nn.Conv2d(1, n, 3), nn.Conv2d(n, n, 3, padding_mode="circular")),
            {},
            "one group, no dilation, padding by zeros",
        ),
    ],
)
def test_refusals_say_what_to_do(build, options, message):
    with pytest.raises(SpecError, match=message):
        infinite(build, **{"base_width": BASE, "neurons": 200, "lr": 0.1, **options})


def test_too_few_neurons_and_divergence_are_said():
    net = infinite(mlp, base_width=BASE, neurons=40, lr=0.5)
    with pytest.raises(
        SpecError, match=r"'2.weight' was asked for 20 independent products with 40 neurons, .* take 200 neurons"
    ):
        net(normal(0, 30, D))
    with pytest.raises(SpecError, match="not finite"):
        net(torch.full((2, D), math.nan))
    with pytest.raises(SpecError, match="two at least"):
        replicas(lambda seed: torch.zeros(1), [0])
