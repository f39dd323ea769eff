"""Stacked residual nets against single ones by autograd and torch's optimizers, and the powers of the depth."""

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.papers.yang2023.limits import classify_depthwise
from infwidth.solve.residual_sweep import Spec, rows
from infwidth.solve.stacked_residual_nets import Rates, Shape, Weights, train
from infwidth.specs.block import read

NETS = {
    "name": "residual_sweep",
    "width": 12,
    "base_width": 8,
    "n_blocks": 2,
    "base_depth": 8,
    "block_depth": 1,
    "activation": "relu",
    "norm": "none",
    "first": "weights",
    "mean_subtraction": True,
    "readout_of": "stream",
    "branch_multiplier": 0.5,
    "alpha": "1/2",
    "gamma": "1/2",
    "rule": "mup",
    "train_ends": False,
    "optimizer": "adam",
    "lr": [0.01, 0.03],
    "steps": 4,
    "late_part": 0.5,
    "batch_size": 6,
    "n_seeds": 2,
}


def images(n: int = 12) -> Images:
    x = torch.randn(n, 1, 2, 3, generator=torch.Generator().manual_seed(5))
    return Images(x, torch.arange(n) % 3, x[:2], torch.arange(2), 3, "toy", "")


def spec(**changed: object) -> Spec:
    return read(Spec, NETS | changed, where="a test")


def single(weights, batches, shape, rates, optimizer) -> list[float]:
    """Return the losses of one net, of torch's own modules, where there are such."""
    u, branches, v = weights
    groups = [([u], rates.u), ([w for layers in branches for w in layers], rates.branches), ([v], rates.v)]
    said = [{"params": of, "lr": float(rate)} for of, rate in groups if rate is not None]
    for group in said:
        for parameter in group["params"]:
            parameter.requires_grad_()
    kind = {"adam": lambda of: torch.optim.Adam(of, eps=1e-20), "sgd": torch.optim.SGD}[optimizer]
    descent, losses = kind(said), []
    φ = {"relu": torch.nn.functional.relu, "abs": torch.abs}[shape.activation]
    norm = {
        "none": torch.nn.Identity(),
        "layer": torch.nn.LayerNorm(u.shape[1], elementwise_affine=False).double(),
        "batch": torch.nn.BatchNorm1d(u.shape[1], affine=False).double(),
    }[shape.norm]

    def centred(y: torch.Tensor) -> torch.Tensor:
        return y - y.mean(1, keepdim=True) if shape.mean_subtraction else y

    for x, y in batches:
        h = x @ u
        for layers in branches:
            z = norm(h)
            if shape.first == "weights":
                for w in layers:
                    z = φ(z @ w)
                z = centred(z)
            else:
                for w in layers:
                    z = centred(φ(z)) @ w
            h = h + shape.branch * z
        loss = torch.nn.functional.cross_entropy((φ(h) if shape.readout_of == "activations" else h) @ v, y)
        losses.append(loss.item())
        descent.zero_grad()
        loss.backward()
        descent.step()
    return losses


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("first", ["weights", "nonlinearity"])
@pytest.mark.parametrize(
    ("norm", "activation", "block_depth", "mean_subtraction", "readout_of", "train_ends"),
    [
        ("none", "relu", 1, True, "stream", False),
        ("none", "abs", 2, True, "stream", True),
        ("layer", "abs", 1, False, "activations", True),
        ("batch", "relu", 2, False, "activations", False),
    ],
)
def test_stacked_nets_are_single_nets(
    optimizer, first, norm, activation, block_depth, mean_subtraction, readout_of, train_ends
) -> None:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    stacked = Weights(
        normal(2, 5, 7) / 5**0.5,
        [[normal(2, 7, 7) / 7**0.5 for _ in range(block_depth)] for _ in range(3)],
        normal(2, 7, 3) / 7**0.5,
    )
    shape = Shape(0.7, activation, norm, first, mean_subtraction, readout_of)
    rate = torch.tensor([0.02, 0.05], dtype=torch.float64)[:, None, None]
    rates = Rates(2 * rate, rate, 3 * rate) if train_ends else Rates(None, rate, None)
    batches = [(normal(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])) for _ in range(5)]
    singles = []
    for run in range(2):
        own = Weights(
            stacked.u[run].clone(), [[w[run].clone() for w in of] for of in stacked.branches], stacked.v[run].clone()
        )
        its = Rates(*(None if of is None else of[run] for of in rates))
        singles.append(single(own, batches, shape, its, optimizer))
    moments = list(train(stacked, batches, shape=shape, rates=rates, optimizer=optimizer))
    found = torch.stack([moment.losses for moment in moments]).T
    np.testing.assert_allclose(found, singles, rtol=1e-8)
    assert abs(found[:, -1] - found[:, 0]).min() > 1e-3, "nothing moved"


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("alpha", ["0", "1/2", "3/4", "1"])
@pytest.mark.parametrize("gamma", ["0", "1/4", "1/2", "1"])
def test_one_step_changes_the_output_by_the_power_of_the_classification(optimizer, alpha, gamma) -> None:
    """L blocks change it by b times their own change, which is their rate times, by SGD, b again."""

    def size(n_blocks: int) -> float:
        of = spec(alpha=alpha, gamma=gamma, n_blocks=n_blocks, optimizer=optimizer)
        return n_blocks * of.branch * of.branch_rate * (of.branch if optimizer == "sgd" else 1.0)

    assert np.log2(size(32) / size(16)) == pytest.approx(float(classify_depthwise(alpha, gamma).growth))
    assert size(8) == pytest.approx(size(16) / 2 ** float(classify_depthwise(alpha, gamma).growth))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_parametrizations_of_the_depth_are_one_family_of_nets(optimizer: str) -> None:
    """Depth-μP with a, η is the standard one with a (L/L0)^(−1/2) and, by Adam, η (L/L0)^(−1/2)."""
    factor = (2 / 8) ** -0.5
    same = computed(images(), **NETS | {"optimizer": optimizer})
    own = [factor * rate for rate in NETS["lr"]] if optimizer == "adam" else NETS["lr"]
    zero = {"alpha": "0", "gamma": "0", "branch_multiplier": 0.5 * factor, "lr": own, "optimizer": optimizer}
    standard = computed(images(), **NETS | zero)
    np.testing.assert_allclose(same.value, standard.value, rtol=1e-5)
    plain = computed(images(), **NETS | {"alpha": "0", "gamma": "0", "optimizer": optimizer})
    assert np.abs(plain.value - same.value).max() > 1e-3


@pytest.mark.parametrize(("rule", "optimizer"), [("mup", "adam"), ("mup", "sgd"), ("sp", "adam"), ("sp", "sgd")])
def test_rates_of_the_width_are_those_of_its_rule(rule: str, optimizer: str) -> None:
    """By how much outputs change a step, U, branches and V each, stays with the width in μP; entries are of 1/fan-in.

    By Adam all entries of a matrix move by the rate: x^0 by that of U; a branch by n times its; the output by that of V
    n times. By SGD gradients of U and the branches have the size of V's entries, 1/n, and those of V are of order one.
    """
    powers = []
    for of in (spec(width=64, rule=rule, optimizer=optimizer), spec(width=256, rule=rule, optimizer=optimizer)):
        (u, v), n = of.end_rates(6), of.width
        if optimizer == "adam":
            powers.append((u, n * of.branch_rate, n * v))
        else:
            back = 1 / n if rule == "mup" else n**-0.5  # the size of V's entries
            powers.append((u * back, n * of.branch_rate * back, n * v))
    moved = np.log2(np.divide(powers[1], powers[0])) / 2
    expected = {
        ("mup", "adam"): (0, 0, 0),
        ("mup", "sgd"): (0, 0, 0),
        ("sp", "adam"): (0, 1, 1),
        ("sp", "sgd"): (-0.5, 0.5, 1),
    }
    assert moved == pytest.approx(expected[rule, optimizer])


@pytest.mark.parametrize(
    ("changed", "square", "mean"),
    [
        ({}, 0.5 - 0.5 / np.pi, 0.0),
        ({"activation": "abs"}, 1 - 2 / np.pi, 0.0),
        ({"first": "nonlinearity"}, 0.5 - 0.5 / np.pi, 0.0),
        ({"block_depth": 2}, (0.5 - 0.5 / np.pi) / 2, 0.0),
        ({"mean_subtraction": False}, 0.5, (2 * np.pi) ** -0.5),
    ],
)
def test_the_stream_grows_at_the_start_as_in_theory(changed: dict, square: float, mean: float) -> None:
    """A branch adds b times a vector of mean square and mean (over neurons) as given, in units of its entry's.

    Means add up from block to block, which is what mean subtraction is for.
    """
    wide = {"width": 400, "n_blocks": 4, "steps": 1, "batch_size": 12, "alpha": "0", "n_seeds": 3}
    found = computed(images(), **NETS | wide | changed)
    q, m, b = 1.0, 0.0, 0.5
    for _ in range(4):
        q, m = q + 2 * b * m * mean * q**0.5 + b**2 * square * q, m + b * mean * q**0.5
    assert found[found.metric == "growth"].value.mean() == pytest.approx(q**0.5, rel=0.03)


def test_nets_that_diverge_are_rows_and_leave_the_others_alone() -> None:
    quiet = computed(images(), **NETS)
    found = computed(images(), **NETS | {"lr": [0.01, 1e30]})
    lost = found[found.metric == "diverged"]
    assert set(lost.lr) == {1e30}
    assert len(lost) == 2
    assert (lost.value == lost.step).all()
    assert lost.step.between(1, 3).all()
    late = found[found.metric == "late_loss"]
    assert late.lr.unique().tolist() == [0.01]
    np.testing.assert_allclose(late.value, quiet[(quiet.metric == "late_loss") & (quiet.lr == 0.01)].value, rtol=1e-5)


def test_a_loss_is_the_mean_of_the_last_steps_and_batches_are_those_of_all_nets() -> None:
    whole = rows(spec(late_part=1.0), images()).frame()
    parts = [rows(spec(steps=n, late_part=0.01), images()).frame() for n in (1, 2, 3, 4)]
    last = np.mean([of[of.metric == "late_loss"].value.to_numpy() for of in parts], axis=0)
    np.testing.assert_allclose(whole[whole.metric == "late_loss"].value, last, rtol=1e-6)


def test_depths_share_their_first_blocks() -> None:
    """And so do seeds theirs over all rates."""
    from infwidth.solve.residual_sweep import _initial

    shallow, deep = (_initial(spec(n_blocks=n), images()) for n in (2, 3))
    for a, b in zip(shallow.branches, deep.branches[:2], strict=True):
        assert torch.equal(a[0], b[0])
