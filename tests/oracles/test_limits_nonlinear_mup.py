"""Exact μP limits with φ(x) = x and x²: against closed forms, plain nets with explicit matrices, and each other."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from builders import computed
from infwidth.errors import SpecError
from infwidth.limits import linear_mup, nonlinear_mup
from infwidth.limits.nonlinear_mup import finite_layers, infinite_layers, limit_outputs, train

SIGNS = np.random.default_rng(5).choice([-1.0, 1.0], (18, 2))
#: Activation, hidden layers, decoupled, steps, a learning rate at which no net diverges.
CASES = [
    ("linear", 1, False, 18, 0.2),
    ("linear", 2, False, 9, 0.2),
    ("linear", 2, True, 9, 0.2),
    ("square", 1, False, 5, 0.05),
    ("square", 2, False, 3, 0.005),
    ("square", 2, True, 3, 0.005),
]
DEEP = [case for case in CASES if case[1] == 2]


def stream(steps: int) -> dict[str, np.ndarray]:
    return {"inputs": SIGNS[:steps, 0], "targets": SIGNS[:steps, 1]}


def plain_nets(
    rng: np.random.Generator, activation: str, n_hidden: int, decoupled: bool, steps: int, lr: float, size: tuple
) -> np.ndarray:
    """Train nets of ``size`` [seeds, n] by the chain rule, all matrices written out; return f_t(ξ_t) [seeds, steps].

    In units in which all entries of U and V are of order one, the rate of U and V is n times that of f = V x̄ / n.
    """
    φ, slope = (lambda h: h, np.ones_like) if activation == "linear" else (lambda h: h**2, lambda h: 2 * h)
    seeds, n = size
    U, V = rng.standard_normal((seeds, n, 1)), rng.standard_normal((seeds, n, 1))
    W = rng.standard_normal((seeds, n, n)) / n**0.5 if n_hidden == 2 else np.zeros((seeds, 0, 0))
    back = rng.standard_normal((seeds, n, n)) / n**0.5 if decoupled else np.swapaxes(W, 1, 2).copy()
    outputs = []
    for ξ, y in SIGNS[:steps]:
        h = ξ * U
        x = φ(h)
        last = W @ x if n_hidden == 2 else h
        f = (V * φ(last)).mean(axis=1, keepdims=True)
        outputs.append(f[:, 0, 0])
        d = V * slope(last)
        V = V - lr * (f - y) * φ(last)
        if n_hidden == 2:
            δ = slope(h) * (back @ d)
            change = -lr * (f - y) * d @ np.swapaxes(x, 1, 2) / n
            W, back = W + change, back + np.swapaxes(change, 1, 2)
        else:
            δ = d
        U = U - lr * (f - y) * ξ * δ
    return np.stack(outputs, axis=1)


def test_linear_net_with_one_hidden_layer_is_the_coefficient_net() -> None:
    examples = stream(18)
    history = linear_mup.train(examples["inputs"][:, None], examples["targets"][:, None], lr=0.2)
    expected = [float(c.function[0, 0] * ξ) for c, ξ in zip(history, examples["inputs"], strict=False)]
    got = limit_outputs("linear", n_hidden=1, **examples, lr=0.2)
    np.testing.assert_allclose(got, expected, atol=1e-14)
    assert np.abs(got).max() > 0.5


@pytest.mark.parametrize(("decoupled", "terms"), [(False, 3), (True, 2)])
def test_first_step_of_two_linear_layers_by_hand(decoupled: bool, terms: int) -> None:
    """All three layers move f alike, but that of U reaches it only through the same W as in the backward pass."""
    (ξ0, y0), (ξ1, _) = SIGNS[:2]
    got = limit_outputs("linear", n_hidden=2, **stream(2), lr=0.13, decoupled=decoupled)
    np.testing.assert_allclose(got, [0, terms * 0.13 * y0 * ξ0 * ξ1], atol=1e-14)


def test_first_step_of_the_square_by_hand() -> None:
    """With b = η y: U → U (1 + 2 b V) and V → V + b U², so that f_1 = E[(V + b U²) U² (1 + 2 b V)²]."""
    b = 0.13 * SIGNS[0, 1]
    got = limit_outputs("square", n_hidden=1, **stream(2), lr=0.13)
    np.testing.assert_allclose(got, [0, 7 * b + 12 * b**3], atol=1e-13)


@pytest.mark.parametrize("decoupled", [False, True])
def test_coefficients_and_quadrature_are_the_same_limit(decoupled: bool) -> None:
    steps = 4
    nodes = [nonlinear_mup._quadrature([2] * size) for size in (steps, steps + 1)]
    got = train(nodes, "linear", **stream(steps), lr=0.2, decoupled=decoupled)
    np.testing.assert_allclose(
        got, limit_outputs("linear", n_hidden=2, **stream(steps), lr=0.2, decoupled=decoupled), atol=1e-13
    )


@pytest.mark.parametrize(("n_hidden", "steps", "lr"), [(1, 5, 0.2), (2, 3, 0.05)])
def test_quadrature_has_the_nodes_that_the_degrees_need(n_hidden: int, steps: int, lr: float) -> None:
    """At learning rates so large that the highest powers count: more nodes change nothing, one fewer does."""
    degrees = nonlinear_mup._degrees(n_hidden, steps)

    def outputs(change: int) -> np.ndarray:
        layers = [nonlinear_mup._quadrature([max(2, d + change) for d in of_layer]) for of_layer in degrees]
        return train(layers, "square", **stream(steps), lr=lr)

    exact = limit_outputs("square", n_hidden=n_hidden, **stream(steps), lr=lr)
    np.testing.assert_allclose(outputs(6)[1:], exact[1:], rtol=1e-9)
    assert not np.allclose(outputs(-2)[1:], exact[1:], rtol=1e-6)


@pytest.mark.parametrize(("activation", "n_hidden", "decoupled", "steps", "lr"), CASES)
def test_wide_nets_with_explicit_matrices_train_as_the_limit(
    activation: str, n_hidden: int, decoupled: bool, steps: int, lr: float
) -> None:
    """Their mean over seeds, with its own error: four standard errors, and a bias of order 1/n."""
    width, seeds, steps = 1024 if activation == "square" else 512, 24, min(steps, 5)
    rng = np.random.default_rng(11)
    nets = np.concatenate(
        [plain_nets(rng, activation, n_hidden, decoupled, steps, lr, (1, width)) for _ in range(seeds)]
    )
    exact = limit_outputs(activation, n_hidden=n_hidden, **stream(steps), lr=lr, decoupled=decoupled)
    error = nets.std(axis=0, ddof=1) / seeds**0.5
    assert (np.abs(nets.mean(axis=0) - exact) < 4 * error + 4 / width).all()
    assert np.abs(exact).max() > 20 * error.max()


@pytest.mark.parametrize(("activation", "n_hidden", "decoupled", "steps", "lr"), DEEP)
def test_the_updates_are_those_of_the_chain_rule(
    activation: str, n_hidden: int, decoupled: bool, steps: int, lr: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the same weights, W a matrix written down: the same numbers, not only the same law."""
    seeds, n = 2, 6
    rng = np.random.default_rng(9)  # draws in the order in which the plain nets do
    U, V = rng.standard_normal((seeds, n, 1)), rng.standard_normal((seeds, n, 1))
    W = rng.standard_normal((seeds, n, n)) / n**0.5
    back = rng.standard_normal((seeds, n, n)) / n**0.5 if decoupled else np.swapaxes(W, 1, 2)

    class Written:
        forward = staticmethod(lambda x: (W @ x[..., None])[..., 0])
        backward = staticmethod(lambda y: (back @ y[..., None])[..., 0])

    monkeypatch.setattr(nonlinear_mup, "GaussianMatrix", lambda *_: Written)
    layers = [nonlinear_mup.Layer(start[..., 0], iter([]), np.full(n, 1 / n)) for start in (U, V)]
    got = train(layers, activation, **stream(steps), lr=lr, decoupled=decoupled)
    plain = plain_nets(np.random.default_rng(9), activation, n_hidden, decoupled, steps, lr, (seeds, n))
    np.testing.assert_allclose(got, plain, rtol=1e-9)


def test_products_with_a_matrix_never_written_down_are_of_one_matrix() -> None:
    """y·(W x) = (Wᵀ y)·x for all x and y, and a combination of known products is no new one."""
    first, second = finite_layers(np.random.default_rng(3), width=5, n_hidden=2, n_seeds=2)
    W = nonlinear_mup.GaussianMatrix(first, second)
    x, y = np.random.default_rng(4).standard_normal((2, 3, 2, 5))
    Wx, Wy = [], []
    for forward, backward in zip(x, y, strict=True):
        Wx.append(W.forward(forward))
        Wy.append(W.backward(backward))
    for i, j in np.ndindex(3, 3):
        np.testing.assert_allclose((y[i] * Wx[j]).sum(axis=-1), (Wy[i] * x[j]).sum(axis=-1), atol=1e-12)
    np.testing.assert_allclose(W.forward(x[0] - 2 * x[2]), Wx[0] - 2 * Wx[2], atol=1e-12)


@pytest.mark.parametrize(("activation", "n_hidden", "decoupled", "steps", "lr"), DEEP)
def test_nets_without_matrices_have_the_law_of_nets_with_them(
    activation: str, n_hidden: int, decoupled: bool, steps: int, lr: float
) -> None:
    """At four neurons, where nothing is near its limit: Kolmogorov and Smirnov on the outputs at every step."""
    steps, width, seeds = min(steps, 3), 4, 20_000
    lr = lr / 5  # so few neurons diverge earlier
    rng = np.random.default_rng(2)
    layers = finite_layers(rng, width=width, n_hidden=n_hidden, n_seeds=seeds)
    ours = train(layers, activation, **stream(steps), lr=lr, decoupled=decoupled)
    plain = plain_nets(rng, activation, n_hidden, decoupled, steps, lr, (seeds, width))
    for step in range(steps):
        assert stats.ks_2samp(ours[:, step], plain[:, step]).pvalue > 1e-3


@pytest.mark.parametrize(("activation", "n_hidden", "decoupled", "steps", "lr"), CASES)
def test_nets_approach_the_limit_as_one_over_root_n(
    activation: str, n_hidden: int, decoupled: bool, steps: int, lr: float
) -> None:
    block = {"activation": activation, "n_hidden": n_hidden, "decoupled": decoupled, "steps": steps, "lr": lr}
    widths = (256, 1024, 4096) if activation == "linear" else (1024, 4096, 16384)
    rows = pd.concat([computed(name="nonlinear_mup", **block, width=n, n_seeds=100).assign(width=n) for n in widths])
    of_nets = rows[rows.metric == "deviation"].groupby("width").value
    deviation = np.sqrt(of_nets.agg(lambda x: (x**2).mean()))
    assert np.polyfit(np.log(widths), np.log(deviation), 1)[0] == pytest.approx(-0.5, abs=0.15)
    limits = rows[rows.metric == "limit_loss"]
    assert limits.groupby("step").value.nunique().eq(1).all()
    assert len(rows[rows.metric == "loss"]) == 3 * 100 * steps


@pytest.mark.parametrize("activation", ["linear", "square"])
def test_decoupling_matters_from_the_second_example_on(activation: str) -> None:
    lr = 0.2 if activation == "linear" else 0.005
    ordinary, decoupled = (
        limit_outputs(activation, n_hidden=2, **stream(3), lr=lr, decoupled=choice) for choice in (False, True)
    )
    assert abs(ordinary[0] - decoupled[0]) < 1e-12
    assert (np.abs(ordinary - decoupled)[1:] > 0.05).all()


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(SpecError, match="did you mean 'square'"):
        infinite_layers("squared", n_hidden=1, steps=2)
    with pytest.raises(SpecError, match="n_hidden must be 1 or 2"):
        infinite_layers("linear", n_hidden=3, steps=2)
    with pytest.raises(SpecError, match="take fewer"):
        infinite_layers("square", n_hidden=2, steps=9)
    with pytest.raises(SpecError, match="diverged"):
        limit_outputs("square", n_hidden=2, **stream(4), lr=0.3)
    with pytest.raises(SpecError, match="vectors of one length"):
        limit_outputs("linear", n_hidden=1, inputs=np.ones(3), targets=np.ones(2), lr=0.1)
