"""The probes of layers: the choice of layers, histograms of preactivations, attention maps."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.registry import load
from infwidth.results.rows import Rows
from infwidth.training.losses import LOSSES
from infwidth.training.probes import PROBES, Evaluation, LayerProbe, make_probes

HEADS, PLACES, WORDS = 2, 4, 9
OPTIONS = {
    "feature_kernels": {"points": 3},
    "preactivations": {"points": 3, "units": 2},
    "preactivation_histograms": {"points": 3, "bins": 4, "range": 2.0},
    "attention_maps": {"points": 3, "places": 4},
}


class Attends(nn.Module):
    """Two layers of causal attention over words, for their maps; hidden layers are the projections."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 8)
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
        self.readout = nn.Linear(8, WORDS)

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        return {"first": self.first, "second": self.second}

    def _map(self, h: torch.Tensor) -> torch.Tensor:
        heads = h.unflatten(-1, (HEADS, -1)).transpose(1, 2)
        future = torch.ones(PLACES, PLACES).triu(1).bool()
        return (heads @ heads.transpose(-1, -2)).masked_fill(future, -math.inf).softmax(-1)

    def attention_maps(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        z = self.embedding(ids)
        return {"a1": self._map(self.first(z)), "a2": self._map(3 * self.second(z))}

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.readout(torch.tanh(self.second(torch.tanh(self.first(self.embedding(ids))))))


@pytest.fixture(scope="module")
def at() -> Evaluation:
    torch.manual_seed(0)
    model = Attends()
    x, y = (torch.randint(WORDS, (150, PLACES), dtype=torch.int32) for _ in range(2))
    data = SimpleNamespace(x_train=x[:9], y_train=y[:9], x_test=x[9:], y_test=y[9:], n_classes=WORDS)
    member = SimpleNamespace(model=model, hidden_layers=model.hidden_layers, outputs=lambda of: model(of.x))
    batch = SimpleNamespace(x=data.x_train, y=data.y_train)
    return Evaluation(member, 2, data, batch, LOSSES["cross_entropy"])  # type: ignore[arg-type]


def measured(spec: dict, at: Evaluation, *, moved: bool = False) -> dict[tuple[str, str], np.ndarray]:
    (probe,) = make_probes([spec])
    rows = Rows(0.1, 0)
    probe.start(at)
    if moved:
        weight = at.member.model.embedding.weight
        with torch.no_grad():
            before = weight.clone()
            weight += 0.1
            probe.measure(Evaluation(at.member, 3, at.data, at.batch, at.loss), rows)
            weight.copy_(before)
    else:
        probe.measure(at, rows)
    return {key: part.value.to_numpy() for key, part in rows.frame().groupby(["metric", "layer"])}


LAYER_PROBES = sorted(name for name in PROBES if issubclass(load(PROBES, name, kind="probe"), LayerProbe))


@pytest.mark.parametrize("name", LAYER_PROBES)
def test_chosen_layers_are_the_same_rows_as_among_all(at: Evaluation, name: str) -> None:
    spec = {"name": name, **OPTIONS.get(name, {})}
    everything = measured(spec, at, moved=True)
    layers = sorted({layer for _, layer in everything if layer})
    assert len(layers) >= 2
    some = measured({**spec, "layers": layers[1:2]}, at, moved=True)
    assert {layer for _, layer in some if layer} == set(layers[1:2])
    for key, values in some.items():
        assert np.array_equal(values, everything[key])


@pytest.mark.parametrize("name", LAYER_PROBES)
def test_an_unknown_layer_is_named_with_the_known_before_training(at: Evaluation, name: str) -> None:
    (probe,) = make_probes([{"name": name, **OPTIONS.get(name, {}), "layers": ["secund"]}])
    known = {"norms": "embedding.weight", "attention_maps": "a1, a2", "alignment": "first, second, readout"}
    with pytest.raises(SpecError, match=rf"{name}: there is no layer 'secund'.*{known.get(name, 'first, second')}"):
        probe.start(at)


def test_densities_count_every_unit_of_every_point(at: Evaluation) -> None:
    points, bins, reach = 135, 7, 0.5  # more points than a part has; preactivations lie outside too
    rows = measured({"name": "preactivation_histograms", "points": points, "bins": bins, "range": reach}, at)
    model = at.member.model
    h = model.first(model.embedding(at.data.x_test[:points])).detach().flatten().numpy()
    counts, edges = np.histogram(h, bins, (-reach, reach))
    width = 2 * reach / bins
    assert 0 < counts.sum() < h.size
    assert rows["density", "first"] == pytest.approx(counts / (h.size * width), rel=1e-6)
    assert rows["bin_centre", ""] == pytest.approx((edges[1:] + edges[:-1]) / 2)
    everything = measured({"name": "preactivation_histograms", "points": 135, "bins": bins, "range": 50}, at)
    assert everything["density", "second"].sum() * 100 / bins == pytest.approx(1)


def test_attention_rows_are_the_causal_maps_of_the_first_window(at: Evaluation) -> None:
    rows = measured({"name": "attention_maps", "points": 140, "places": 4}, at)
    for layer, maps in at.member.model.attention_maps(at.data.x_test[:140]).items():
        first = rows["attention", layer].reshape(4, 4)
        assert first == pytest.approx(maps[0, :, :4, :4].mean(0).detach().numpy(), rel=1e-6)
        assert first.sum(-1) == pytest.approx(np.ones(4), rel=1e-6)
        assert (np.triu(first, 1) == 0).all()
        logs = torch.where(maps > 0, maps.log(), 0.0)
        assert rows["attention_entropy", layer] == pytest.approx(-(maps * logs).sum(-1).mean().item(), rel=1e-5)


def test_a_net_without_attention_is_refused(at: Evaluation) -> None:
    member = SimpleNamespace(model=nn.Linear(2, 2), hidden_layers={})
    without = Evaluation(member, 0, at.data, at.batch, at.loss)  # type: ignore[arg-type]
    (probe,) = make_probes([{"name": "attention_maps", "points": 2, "places": 2}])
    with pytest.raises(SpecError, match="a Linear has no attention"):
        probe.start(without)
