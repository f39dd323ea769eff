"""The probes of the outputs, of one net and of the ensemble: images, windows of a text, one output for two classes."""

import gc
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.training.losses import LOSSES
from infwidth.training.probes import Evaluation, make_probes

WORDS, PLACES = 7, 5


class TextNet(nn.Module):
    """Logits of the next word from the present one."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 4)
        self.readout = nn.Linear(4, WORDS)
        self.hidden_layers = {"h1": self.embedding}

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.readout(self.embedding(ids))


class ImageNet(nn.Module):
    def __init__(self, k: int) -> None:
        super().__init__()
        self.hidden, self.readout = nn.Linear(6, 8), nn.Linear(8, k)
        self.hidden_layers = {"h1": self.hidden}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.readout(torch.tanh(self.hidden(x.flatten(1))))


@pytest.fixture(autouse=True)
def _same_nets_every_time() -> None:
    torch.manual_seed(0)


def member(model: nn.Module) -> SimpleNamespace:
    return SimpleNamespace(model=model, hidden_layers=model.hidden_layers, outputs=lambda of: model(of.x))


@pytest.fixture
def text() -> SimpleNamespace:
    ids = torch.randint(WORDS, (141 * PLACES + 1,), generator=torch.Generator().manual_seed(1), dtype=torch.int32)
    x, y = ids[:-1].view(-1, PLACES), ids[1:].view(-1, PLACES)
    return SimpleNamespace(x_train=x[:1], y_train=y[:1], x_test=x[1:], y_test=y[1:], n_classes=WORDS)


def images(n_classes: int) -> SimpleNamespace:
    rng = torch.Generator().manual_seed(2)
    x, y = torch.randn(30, 1, 2, 3, generator=rng), torch.randint(n_classes, (30,), generator=rng)
    return SimpleNamespace(x_train=x[:18], y_train=y[:18], x_test=x[18:], y_test=y[18:], n_classes=n_classes)


def evaluation(model: nn.Module, data: SimpleNamespace, loss: str, *, step: int = 3, last: bool = False) -> Evaluation:
    batch = SimpleNamespace(x=data.x_train[:6], y=data.y_train[:6])
    return Evaluation(member(model), step, data, batch, LOSSES[loss], last=last)  # type: ignore[arg-type]


def measured(spec: dict, at: Evaluation) -> dict[tuple[str, str], np.ndarray]:
    (probe,) = make_probes([spec])
    rows = Rows(0.1, 0)
    probe.start(at)
    probe.measure(at, rows)
    return columns(rows)


def columns(rows: Rows) -> dict[tuple[str, str], np.ndarray]:
    return {key: part.value.to_numpy() for key, part in rows.frame().groupby(["metric", "layer"])}


def test_losses_of_windows_are_those_of_all_places_at_once(text: SimpleNamespace) -> None:
    model = TextNet()
    rows = measured({"name": "losses"}, evaluation(model, text, "cross_entropy"))
    logits, labels = model(text.x_test).detach().flatten(0, 1), text.y_test.flatten().long()
    assert len(text.x_test) > 128  # several parts, of different sizes
    assert rows["test_loss", ""] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert rows["test_accuracy", ""] == pytest.approx((logits.argmax(1) == labels).float().mean().item(), rel=1e-6)
    train = F.cross_entropy(model(text.x_train).flatten(0, 1), text.y_train.flatten().long()).item()
    assert rows["train_loss", ""] == pytest.approx(train, rel=1e-5)


def test_the_logit_of_a_window_is_the_next_word_at_its_last_place(text: SimpleNamespace) -> None:
    model = TextNet()
    rows = measured({"name": "logits", "points": 4}, evaluation(model, text, "cross_entropy"))
    at_last = model(text.x_test)[:4, PLACES - 1]
    expected = [(f[int(text.y_test[p, PLACES - 1])] - f.mean()).item() for p, f in enumerate(at_last)]
    assert rows["correct_logit", ""] == pytest.approx(expected, rel=1e-5)


def test_of_windows_no_more_outputs_are_computed_than_wanted(text: SimpleNamespace) -> None:
    model, seen = TextNet(), []
    model.register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    measured({"name": "logits", "points": 4}, evaluation(model, text, "cross_entropy"))
    assert seen == [4]


def test_one_output_tells_two_classes_by_its_sign() -> None:
    data, model = images(2), ImageNet(1)
    at = evaluation(model, data, "binary_mse")
    f, y = model(data.x_test)[:, 0].detach(), 2.0 * data.y_test - 1
    assert len(y) == 12
    assert set(y.tolist()) == {-1.0, 1.0}
    losses, logits = measured({"name": "losses"}, at), measured({"name": "logits", "points": 12}, at)
    assert 0 < losses["test_accuracy", ""] < 1
    assert losses["test_accuracy", ""] == pytest.approx((f.sign() == y).float().mean().item(), rel=1e-6)
    assert losses["test_loss", ""] == pytest.approx((f - y).square().mean().item(), rel=1e-5)
    assert logits["correct_logit", ""] == pytest.approx((f * y).tolist(), rel=1e-5)


def test_parts_of_the_test_set_are_measured_at_the_end_and_no_train_loss_where_none_is_wanted() -> None:
    data, model = images(3), ImageNet(3)
    spec = {"name": "losses", "train": False, "parts": 5}
    rows = measured(spec, evaluation(model, data, "mse", last=True))
    of, f = LOSSES["mse"], model(data.x_test).detach()
    expected = [of(f[a:b], data.y_test[a:b]).item() for a, b in ((0, 2), (2, 4), (4, 7), (7, 9), (9, 12))]
    assert len(f) == 12
    assert rows["test_loss_of_part", ""] == pytest.approx(expected, rel=1e-5)
    assert ("train_loss", "") not in rows
    assert ("test_loss_of_part", "") not in measured(spec, evaluation(model, data, "mse"))


def test_at_last_measures_at_the_last_evaluation_only() -> None:
    data, model = images(3), ImageNet(3)
    spec = {"name": "logits", "points": 2, "at": "last"}
    assert not measured(spec, evaluation(model, data, "mse"))
    assert len(measured(spec, evaluation(model, data, "mse", last=True))["correct_logit", ""]) == 2
    assert measured({"name": "logits", "points": 2}, evaluation(model, data, "mse"))
    with pytest.raises(SpecError, match="'first'"):
        make_probes([{**spec, "at": "first"}])


def test_an_evaluation_keeps_no_graph_of_gradients() -> None:
    at = evaluation(ImageNet(3), images(3), "mse")
    for name in ("gradients", "representations", "output_scale", "losses"):
        assert measured({"name": name}, at)
    gc.collect()
    tensors = [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]
    assert any(tensor is at.batch_outputs for tensor in tensors)
    assert not any(tensor.grad_fn is not None for tensor in tensors)


def combined(spec: dict, models: list[nn.Module], data: SimpleNamespace, loss: str) -> dict:
    outputs = []
    for model in models:
        (probe,) = make_probes([spec])
        probe.measure(evaluation(model, data, loss), Rows(0.1, 0))
        outputs.append(probe.outputs)
    rows = Rows(0.1, -1)
    probe.combine(outputs, data, LOSSES[loss], rows)
    assert (rows.frame().step == 3).all()
    return columns(rows)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "binary_mse"])
def test_the_ensemble_and_its_jackknife_are_those_of_the_nets(loss: str) -> None:
    data = images(2 if loss == "binary_mse" else 3)
    models = [ImageNet(1 if loss == "binary_mse" else 3) for _ in range(4)]
    rows = combined({"name": "ensemble"}, models, data, loss)
    x, y = data.x_test, data.y_test
    f = torch.stack([model(x).detach() for model in models]).double()
    of = LOSSES[loss]
    assert rows["ensemble_loss", ""] == pytest.approx(of(f.mean(0), y).item(), rel=1e-5)
    assert rows["single_loss", ""] == pytest.approx([of(one, y).item() for one in f], rel=1e-5)
    centred = f - f.mean(-1, keepdim=True) if f.shape[-1] > 1 else f
    for e in range(4):
        others = [i for i in range(4) if i != e]
        assert rows["ensemble_loss_without", ""][e] == pytest.approx(of(f[others].mean(0), y).item(), rel=1e-5)
        assert rows["logit_deviation", ""][e] == pytest.approx(
            (centred[e] - centred.mean(0)).square().mean().item() * 4 / 3, rel=1e-5
        )
    square = centred.mean(0).square().mean().item() - rows["logit_variance", ""][0] / 4
    assert rows["ensemble_square", ""] == pytest.approx(square, rel=1e-4)
    pairs = [of(f[[i, (i + 1) % 4]].mean(0), y).item() for i in range(4)]
    by_size = [rows["single_loss", ""].mean(), np.mean(pairs), rows["ensemble_loss_without", ""].mean()]
    assert rows["ensemble_loss_of", ""] == pytest.approx([*by_size, rows["ensemble_loss", ""][0]], rel=1e-5)
    assert rows["logit_deviation", ""].mean() == pytest.approx(rows["logit_variance", ""][0], rel=1e-5)
    answers = f.mean(0).argmax(1) if f.shape[-1] > 1 else (f.mean(0)[:, 0] > 0).long()
    assert rows["ensemble_accuracy", ""] == pytest.approx((answers == y).double().mean().item())
    assert (("ensemble_loss_probabilities", "") in rows) == (loss != "binary_mse")


def test_the_ensemble_of_windows_is_over_all_their_places(text: SimpleNamespace) -> None:
    models = [TextNet() for _ in range(3)]
    rows = combined({"name": "ensemble"}, models, text, "cross_entropy")
    f = torch.stack([model(text.x_test).detach() for model in models]).double()
    labels = text.y_test.flatten().long()
    assert rows["ensemble_loss", ""] == pytest.approx(F.cross_entropy(f.mean(0).flatten(0, 1), labels).item(), rel=1e-5)
    averaged = f.softmax(-1).mean(0).flatten(0, 1)
    assert rows["ensemble_loss_probabilities", ""] == pytest.approx(
        -averaged[torch.arange(len(labels)), labels].log().mean().item(), rel=1e-5
    )
    assert rows["logit_variance", ""] == pytest.approx((f - f.mean(-1, keepdim=True)).var(0).mean().item(), rel=1e-5)
    assert len(rows["single_loss", ""]) == 3
    first = combined({"name": "ensemble", "points": 2}, models, text, "cross_entropy")
    expected = F.cross_entropy(f.mean(0)[:2].flatten(0, 1), labels[: 2 * PLACES]).item()
    assert first["ensemble_loss", ""] == pytest.approx(expected, rel=1e-5)


def test_a_single_seed_has_no_deviation_and_none_to_leave_out() -> None:
    rows = combined({"name": "ensemble"}, [ImageNet(3)], images(3), "mse")
    assert {metric for metric, _ in rows} == {
        "ensemble_loss",
        "ensemble_accuracy",
        "single_loss",
        "ensemble_loss_probabilities",
        "ensemble_loss_of",
    }
