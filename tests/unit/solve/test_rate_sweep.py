"""Stacked classifiers against torch's own nets, optimizer and autograd, and what a sweep records of them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from infwidth.data.images import Images
from infwidth.data.streams import Batches
from infwidth.errors import SpecError
from infwidth.parametrization import parametrize
from infwidth.solve.rate_sweep import Spec, layers, rows, stack
from infwidth.solve.stacked_classifiers import Classifiers, loss_of_nothing
from infwidth.specs.block import read

_RNG = torch.Generator().manual_seed(0)
_X = torch.randn(24, 1, 3, 2, generator=_RNG)
IMAGES = Images(_X, torch.arange(24) % 3, _X[:3], torch.arange(3), 3, "noise", "")


def _spec(**changes: object) -> Spec:
    document = {
        "name": "rate_sweep",
        "rule": "mup",
        "width": 8,
        "base_width": 4,
        "n_hidden": 2,
        "activation": "tanh",
        "loss": "cross_entropy",
        "input_multiplier": 0.25,
        "output_multiplier": 3.0,
        "lrs": [0.05, 0.2],
        "batch_size": 6,
        "epochs": 2,
        "n_seeds": 2,
    }
    return read(Spec, document | changes, where="test")


class _Demonstration(nn.Module):
    """The MLP of the authors' demonstration: multipliers written out, a readout that starts at zero."""

    def __init__(self, width: int, spec: Spec) -> None:
        super().__init__()
        self.spec = spec
        self.first = nn.Linear(6, width, bias=False)
        self.second = nn.Linear(width, width, bias=False)
        self.readout = nn.Linear(width, 3, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        φ = torch.tanh if self.spec.activation == "tanh" else torch.relu
        hidden = φ(self.first(x.flatten(1)) * self.spec.input_multiplier**0.5)
        return self.readout(φ(self.second(hidden))) * self.spec.output_multiplier


def _trained(spec: Spec, lr: float, weights: list[torch.Tensor]) -> list[float]:
    """Return the mean loss of each epoch of one net, by autograd and the optimizer of its plan."""
    net, base = _Demonstration(spec.width, spec).double(), _Demonstration(spec.base_width, spec)
    plan = parametrize(net, base, spec.rule, optimizer="sgd", lr=lr, delta_model=_Demonstration(99, spec))
    for parameter, weight in zip(net.parameters(), weights, strict=True):
        parameter.data.copy_(weight)
    net.first.weight.data /= spec.input_multiplier**0.5
    optimizer = plan.optimizer(net)
    x, y = IMAGES.x_train.double(), IMAGES.y_train
    batches, means = Batches(len(x), spec.batch_size), []
    for epoch in range(spec.epochs):
        losses = []
        for step in range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch):
            chosen = batches.indices(step)
            outputs = net(x[chosen])
            if spec.loss == "mse":
                loss = nn.functional.mse_loss(outputs, nn.functional.one_hot(y[chosen], 3).double())
            else:
                loss = nn.functional.cross_entropy(outputs, y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(float(np.mean(losses)))
    return means


@pytest.mark.parametrize(
    ("rule", "activation", "loss", "base_width"),
    [("mup", "tanh", "cross_entropy", 4), ("sp", "relu", "mse", 4), ("mup", "relu", "cross_entropy", 8)],
)
def test_each_net_of_a_stack_is_the_demonstration_trained_by_torch(
    rule: str, activation: str, loss: str, base_width: int
) -> None:
    spec = _spec(rule=rule, activation=activation, loss=loss, base_width=base_width)
    starts = stack(spec, IMAGES, spec.lrs, range(spec.n_seeds)).weights
    found = rows(spec, IMAGES).frame().set_index(["lr", "seed"]).sort_index()
    for number, (lr, seed) in enumerate((lr, seed) for lr in spec.lrs for seed in range(spec.n_seeds)):
        means = _trained(spec, lr, [weight[number].double() for weight in starts])
        assert found.loc[(lr, seed)].value.tolist() == pytest.approx(means, rel=1e-4)
        assert found.loc[(lr, seed)].step.tolist() == [4, 8]


def test_a_narrow_net_simulates_a_wide_one() -> None:
    """Of base width 32 and width 8, μP makes the read-in learn 4 times slower and the readout 4 times faster."""
    _, stds, rates = layers(_spec(base_width=32), 6, 3)
    assert stds == pytest.approx([6**-0.5, 8**-0.5, 0])
    assert rates == pytest.approx([0.25 / 4, 1, 9.0 * 4])


def test_seeds_start_alike_at_all_rates_and_under_all_rules() -> None:
    mup, sp = (stack(_spec(rule=rule), IMAGES, (0.1, 0.2), range(2)).weights for rule in ("mup", "sp"))
    for ours, theirs in zip(mup, sp, strict=True):
        assert torch.equal(ours[:2], ours[2:])
        assert torch.equal(ours, theirs)
        assert not ours[0].equal(ours[1]) or not ours.any()


def test_a_net_that_diverges_is_a_row_and_the_others_train_on() -> None:
    spec = _spec(activation="relu", loss="mse", lrs=[1e-2, 1e4])
    found = rows(spec, IMAGES).frame()
    lost, kept = found[found.metric == "diverged"], found[found.metric == "epoch_loss"]
    assert lost.lr.tolist() == [1e4, 1e4]
    assert sorted(lost.seed) == [0, 1]
    assert 0 < lost.step.max() < 8
    alone = rows(_spec(activation="relu", loss="mse", lrs=[1e-2]), IMAGES).frame()
    assert kept.value.tolist() == pytest.approx(alone.value.tolist(), rel=1e-6)


def test_parts_of_a_stack_are_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(_spec(), IMAGES).frame()
    monkeypatch.setattr("infwidth.solve.rate_sweep._SIDE_BY_SIDE", 1)
    assert rows(_spec(), IMAGES).frame().value.tolist() == pytest.approx(whole.value.tolist(), rel=1e-6)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_a_net_of_zeros_has_the_loss_of_nothing(loss: str) -> None:
    nets = stack(_spec(loss=loss), IMAGES, (0.1,), range(1))
    assert nets.losses(IMAGES.x_train.flatten(1).T, IMAGES.y_train).item() == pytest.approx(loss_of_nothing(loss, 3))
    assert loss_of_nothing("cross_entropy", 3) == math.log(3)
    assert isinstance(nets, Classifiers)


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(SpecError, match=r"lrs: .* 0.1 is there twice"):
        _spec(lrs=[0.1, 0.1])
