"""The printed program of a training, against what one derives by hand, and its Ż against the engine's products."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.programs import infinite, program


def two_layers(n):
    """Two matrices trained by SGD beside a readout: h = U ξ, h̄ = W φ(h), f = V·φ(h̄)."""
    linear = lambda a, b: nn.Linear(a, b, bias=False)  # noqa: E731
    return nn.Sequential(linear(1, n), nn.Tanh(), linear(n, n), nn.Tanh(), linear(n, 1))


def half_square(f):
    return 0.5 * (f - torch.zeros(1, 1, device="meta")).square().sum()


def test_two_steps_are_those_of_yang_and_hu():
    """Sec. 6.2 and Thm 6.4, by hand: every product with its Ẑ and Ż, every update, in order."""
    first, second = program(two_layers, [torch.zeros(1, 1)], half_square).steps
    assert [(line.kind, line.text) for line in first] == [
        ("NonLin", "x1 = ξ 0.weight"),
        ("NonLin", "x2 = tanh(x1)"),
        ("MatMul", "h1 = 2.weight x2"),
        ("NonLin", "x3 = tanh(h1)"),
        ("Moment", "f1 = E[x3 4.weight]"),
        ("Number", "χ1 = a function of f1"),
        ("NonLin", "d1 = χ1 x3"),
        ("NonLin", "d2 = χ1 4.weight"),
        ("NonLin", "d3 = d2 tanh′(h1)"),
        ("MatMul", "g1 = 2.weightᵀ d3"),
        ("NonLin", "d4 = g1 tanh′(x1)"),
        ("NonLin", "d5 = d4 ξ"),
        ("Update", "0.weight′ = 0.weight - η d5"),
        ("Update", "2.weight ← 2.weight - η d3 ⊗ x2"),
        ("Update", "4.weight′ = 4.weight - η d1"),
    ]
    laws = {line.text: line.law for step in (first, second) for line in step if line.kind == "MatMul"}
    assert laws == {
        "h1 = 2.weight x2": "Ẑ(h1) ~ N(0, σ² E[x2²]),  Ż = 0",
        "g1 = 2.weightᵀ d3": "Ẑ(g1) ~ N(0, σ² E[d3²]),  Ż = σ² x2 E[∂d3/∂Ẑ(h1)]",
        "h2 = 2.weight x5 - η d3 E[x2 x5]": "Ẑ(h2) ~ N(0, σ² E[x5²]),  Ż = σ² d3 E[∂x5/∂Ẑ(g1)]",
        "g2 = 2.weightᵀ d8 - η x2 E[d3 d8]": (
            "Ẑ(g2) ~ N(0, σ² E[d8²]),  Ż = σ² x2 E[∂d8/∂Ẑ(h1)] + σ² x5 E[∂d8/∂Ẑ(h2)]"
        ),
    }
    assert not any(line.kind == "Update" for line in second)


def test_the_correction_that_is_printed_is_that_of_the_engine():
    """Ż(h2) = σ² d3 E[∂x5/∂Ẑ(g1)], the derivative written out by hand, against the engine's, which takes none."""
    ξ, lr = 1.5, 0.5
    x, y = torch.tensor([[ξ]]), torch.tensor([[1.0]])

    def coefficients(seed):
        net = infinite(two_layers, base_width=16, neurons=40_000, lr=lr, seed=seed)
        weight, read_in = net.gaussian["2.weight"], net.net[0].weight
        optimizer = net.optimizer()
        kept = []
        handle = net.net[2].register_full_backward_hook(lambda _m, _i, out: kept.append(out[0][0]))
        x_grad = x.clone().requires_grad_()
        F.mse_loss(net(x_grad), y).backward()
        handle.remove()
        before = read_in.detach().clone()[:, 0]
        optimizer.step()
        after = read_in.detach()[:, 0]
        d3 = kept[0].double()
        product = weight.std * weight.law.forward(torch.tanh(ξ * after)[:, None], remember=False)[:, 0].double()
        slope = lambda h: 1 - torch.tanh(h) ** 2  # noqa: E731
        derivative = slope(ξ * after) * ξ * (-net.plan["0.weight"].lr * slope(ξ * before) * ξ)
        return torch.stack([(d3 @ product) / (d3 @ d3), weight.std**2 * derivative.double().sum()])

    found = torch.stack([coefficients(seed) for seed in range(6)])
    difference = found[:, 0] - found[:, 1]
    assert found[:, 1].abs().min() > 10 * difference.std()
    assert difference.mean().abs() < 4 * difference.std() / 6**0.5


def test_batches_biases_and_shared_weights():
    class Twice(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.read, self.mix, self.out = nn.Linear(2, n), nn.Linear(n, n), nn.Linear(n, 1)

        def forward(self, x):
            h = torch.relu(self.mix(torch.relu(self.read(x))))
            return self.out(torch.relu(self.mix(h)))

    text = str(program(Twice, [torch.zeros(4, 2)], lambda f: f.square().sum()))
    assert "x3 = relu(x2)" in text
    assert "h2 = mix.weight x5" in text  # the second use
    assert "- η Σ" in text
    learned = next(line for line in text.splitlines() if "mix.weight ←" in line)
    assert learned.count("⊗") == 2
    later = [line for line in text.split("step 1")[1].splitlines() if "= mix.weight x" in line]
    assert all(line.count(" - η Σ ") == 2 for line in later)
    assert "Ż = 0" in next(line for line in text.splitlines() if "h2 = " in line)  # h2 knows W, and nothing of Wᵀ


def test_a_matrix_and_its_transpose_in_one_pass():
    """h = W x, u = Wᵀ φ(h), z = W φ(u), v = Wᵀ φ(z): φ(z) depends on Ẑ(h) through Ż(z) alone."""

    class Tied(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.read, self.out = nn.Linear(2, n, bias=False), nn.Linear(n, 1, bias=False)
            self.mix = nn.Linear(n, n, bias=False)

        def forward(self, x):
            phi, weight = torch.tanh, self.mix.weight
            u = F.linear(phi(self.mix(self.read(x))), weight.t())
            return self.out(F.linear(phi(F.linear(phi(u), weight)), weight.t()))

    (step,) = program(Tied, [torch.zeros(1, 2)], lambda f: f.sum(), steps=1).steps
    laws = [(line.text, line.law.split("Ż = ")[1]) for line in step if line.kind == "MatMul"]
    assert laws[:4] == [
        ("h1 = mix.weight x1", "0"),
        ("h2 = mix.weightᵀ x2", "σ² x1 E[∂x2/∂Ẑ(h1)]"),
        ("h3 = mix.weight x3", "σ² x2 E[∂x3/∂Ẑ(h2)]"),
        ("h4 = mix.weightᵀ x4", "σ² x1 E[∂x4/∂Ẑ(h1)] + σ² x3 E[∂x4/∂Ẑ(h3)]"),
    ]


def test_vectors_that_know_nothing_of_a_product_have_no_correction():
    """W is used on a second read-in after Wᵀ was: its vectors do not depend on what Wᵀ brought."""

    class TwoReads(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.a, self.b, self.out = (nn.Linear(*shape, bias=False) for shape in ((2, n), (2, n), (n, 1)))
            self.mix = nn.Linear(n, n, bias=False)

        def forward(self, x):
            u = F.linear(torch.tanh(self.mix(self.a(x))), self.mix.weight.t())
            return self.out(self.mix(self.b(x)) + torch.tanh(self.mix(u)))

    (step,) = program(TwoReads, [torch.zeros(1, 2)], lambda f: f.sum(), steps=1).steps
    laws = [(line.text, line.law.split("Ż = ")[1]) for line in step if line.kind == "MatMul"][:4]
    assert laws == [
        ("h1 = mix.weight x1", "0"),
        ("h2 = mix.weightᵀ x2", "σ² x1 E[∂x2/∂Ẑ(h1)]"),
        ("h3 = mix.weight x3", "0"),
        ("h4 = mix.weight h2", "σ² x2 E[∂h2/∂Ẑ(h2)]"),
    ]


def test_what_cannot_be_written_is_refused():
    with pytest.raises(SpecError, match="'convolution' takes a matrix between neurons"):
        program(
            lambda n: nn.Sequential(nn.Conv2d(1, n, 3), nn.Conv2d(n, n, 3), nn.Flatten(), nn.Linear(n, 1)),
            [torch.zeros(2, 1, 5, 5)],
            lambda f: f.sum(),
        )
    with pytest.raises(SpecError, match="cannot be run on shapes alone"):
        program(two_layers, [torch.zeros(1, 7)], half_square)
