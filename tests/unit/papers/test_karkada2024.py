"""Karkada's figures: the gauges of a plan, the exact tables, the probes and models they need, and their claims."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from builders import changed, computed, expanded, train
from infwidth.__main__ import main
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.models.conv_mixer import ConvMixer
from infwidth.models.myrtle_cnn import MyrtleCNN
from infwidth.papers.karkada2024.claims import CLAIMS
from infwidth.papers.karkada2024.figures.stp_table import power_of_n
from infwidth.papers.karkada2024.measured import (
    gradient_growth,
    largest_difference,
    largest_loss,
    lazy_over_rich,
    loss_growth,
    rescaled_against_rich,
    rescaled_limit,
)
from infwidth.parametrization import exponents, parametrize, write_multipliers_
from infwidth.results.cell_file import read_cell, read_provenance
from infwidth.training.trainer import Trainer


@pytest.fixture(scope="module")
def data() -> Images:
    chance = torch.Generator().manual_seed(0)
    centres = torch.randn(3, 1, 8, 8, generator=chance)
    y = torch.arange(96) % 3
    x = centres[y] + 0.5 * torch.randn(96, 1, 8, 8, generator=chance)
    return Images(x[:64], y[:64], x[64:], y[64:], 3, "blobs", "0" * 64)


def spec(**parametrization: object) -> dict:
    return changed(
        model={"width": 32},
        parametrization={"rule": "stp", "richness": "1/2", "base_width": 1, **parametrization},
        optimizer={"lr": [0.5], "momentum": 0.9},
        training={"steps": 30, "batch_size": 16, "loss": "mse", "dtype": "float64", "evaluations": 8},
        seeds=[0],
    )


def losses(data: Images, cell: dict) -> np.ndarray:
    rows = Trainer(train(cell), data, device=torch.device("cpu")).run()
    return rows[rows.metric.isin(["test_loss", "train_loss"])].value.to_numpy()


def furthest(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one / other - 1).max())


# ---- gauges: mupify's formulas by way of the plan


@pytest.mark.parametrize("model", ["mlp", "myrtle_cnn", "conv_mixer"])
@pytest.mark.parametrize("richness", ["0", "1/4", "1/2"])
def test_gauges_train_the_same_function(data: Images, model: str, richness: str) -> None:
    cell = spec(richness=richness)
    if model != "mlp":
        cell["model"] = {"name": model, "width": 8}
        cell["training"]["steps"] = 8
    native = losses(data, cell)
    assert native[-1] < 0.99 * native[1]  # it does train
    for gauge in ("stp", "mup_gauge", "rescaling_gauge"):
        cell["parametrization"]["gauge"] = gauge
        assert furthest(losses(data, cell), native) < 1e-12


@pytest.mark.parametrize("transforms", [True, False])
def test_weight_decay_keeps_the_gauge_only_if_it_is_transformed(data: Images, transforms: bool) -> None:
    found = []
    for gauge in ("stp", "mup_gauge", "rescaling_gauge"):
        cell = spec(gauge=gauge, transform_weight_decay=transforms)
        cell["optimizer"]["weight_decay"] = 1e-2
        found.append(losses(data, cell))
    differences = [furthest(other, found[0]) for other in found[1:]]
    assert (max(differences) < 1e-12) if transforms else (min(differences) > 1e-3)


def _mlp(width: int, dtype: torch.dtype = torch.float32) -> nn.Module:
    return nn.Sequential(
        nn.Linear(784, width, bias=False), nn.Linear(width, width, bias=False), nn.Linear(width, 10, bias=False)
    ).to(dtype)


def _plan(model: nn.Module, richness: str = "1/2", **options: object):
    return parametrize(
        model, _mlp(1), "stp", optimizer="sgd", lr=1.0, layer_lr="variance", richness=richness, **options
    )


def test_anatomy_printed_in_the_companion_notebook() -> None:
    """'mup-lr' at width 512: fc1 std .0358 lr .6531, fc2 std .0441 lr 1.0, fc3 std .0020 lr .0020."""
    plan = _plan(_mlp(512))
    stds, rates = [its.init_std for its in plan.values()], [its.lr for its in plan.values()]
    assert stds == pytest.approx([0.0358, 0.0441, 0.0020], rel=5e-3, abs=5e-5)  # printed: standard deviations of draws
    assert rates == pytest.approx([0.6531, 1.0, 0.0020], abs=5e-5)


@pytest.mark.parametrize("richness", ["0", "1/4", "1/2"])
@pytest.mark.parametrize("gauge", ["stp", "mup_gauge", "rescaling_gauge"])
def test_multipliers_are_mupifys(gauge: str, richness: str) -> None:
    """α = n^r, q = α²/fan-in (readout: 1/fan-in); g, σ, η = (1, √q/α, q), (√q, 1/α, 1), (√q/α, 1, α²)."""
    n = 64
    model = _mlp(n)
    plan = _plan(model, richness)
    plan.init_(model, 0)
    native = [p.detach().clone() for p in model.parameters()]
    moved = write_multipliers_(model, plan, gauge, lr=1.0)
    alpha = n ** float(Fraction(richness))
    for layer, weight, its, fan_in, a in zip(
        model, native, moved.values(), (784, n, n), (alpha, alpha, 1.0), strict=True
    ):
        q = a**2 / fan_in
        g, sigma, eta = {
            "stp": (1.0, q**0.5 / alpha, q),
            "mup_gauge": (q**0.5, 1 / alpha, 1.0),
            "rescaling_gauge": (q**0.5 / alpha, 1.0, alpha**2),
        }[gauge]
        assert (its.init_std, its.lr) == pytest.approx((sigma, eta))
        trained = layer.parametrizations.weight.original if hasattr(layer, "parametrizations") else layer.weight
        assert torch.allclose(g * trained, weight, rtol=1e-6)
        assert torch.allclose(layer.weight, weight, rtol=1e-6)  # the net itself has not changed


@pytest.mark.parametrize(
    ("gauge", "options", "message"),
    [
        ("mup_guage", {}, r"unknown gauge 'mup_guage'.*did you mean 'mup_gauge'"),
        ("rescaling_gauge", {"zero_readout": True}, "none can start at zero"),
    ],
)
def test_a_gauge_without_meaning_is_refused(gauge: str, options: dict, message: str) -> None:
    model = _mlp(8)
    with pytest.raises(SpecError, match=message):
        write_multipliers_(model, _plan(model, **options), gauge, lr=1.0)


def test_gauges_of_adam_are_not_those_of_sgd() -> None:
    model = _mlp(8)
    plan = parametrize(model, _mlp(1), "mup", optimizer="adam", lr=1.0)
    with pytest.raises(SpecError, match="sgd only, not for adam"):
        write_multipliers_(model, plan, "mup_gauge", lr=1.0)


# ---- bad input in experiments


def _experiment() -> dict:
    return {**spec(), "seeds": 1}


@pytest.mark.parametrize(
    ("block", "changes", "message"),
    [
        ("parametrization", {"gauge": "mup"}, r"gauge: 'mup' is not known \(did you mean 'mup_gauge'\?\)"),
        ("parametrization", {"richness": 0.25}, "exact rational"),
        ("parametrization", {"richness": "0.3.1"}, "exact rational"),
        ("parametrization", {"richness": "1/0"}, "exact rational"),
        ("parametrization", {"richness": "3/4"}, "gradients explode"),
        ("parametrization", {"richness": "-1/4"}, "output explodes"),
        ("parametrization", {"transform_weight_decay": False}, "gauge"),
        ("optimizer", {"name": "adam", "momentum": 0.0}, None),
        ("model", {"n_hidden": 0}, "n_hidden"),
    ],
)
def test_training_specs_without_meaning_are_refused(block: str, changes: dict, message: str | None) -> None:
    experiment = _experiment()
    experiment[block] |= changes
    if message is None:
        assert expanded(**experiment)
        experiment["parametrization"]["gauge"] = "stp"
        message = "gauge is for optimizer sgd; adam has other gauges"
    with pytest.raises(SpecError, match=message):
        expanded(**experiment)


@pytest.mark.parametrize(
    ("solve", "message"),
    [
        ({"name": "desiderata", "n_hidden": 0}, "solve.n_hidden: 0: must be a number of layers, from 1"),
        ({"name": "richness_family", "n_hidden": 2, "gauge": "stq"}, r"did you mean 'stp'"),
        ({"name": "richness_famly", "n_hidden": 2}, r"solve.name: .*did you mean 'richness_family'"),
        ({"name": "one_step", "n_hidden": 2, "lr": 1.0, "batch_size": 8, "richness": "0"}, "needs images, not none"),
    ],
)
def test_computations_without_meaning_are_refused(solve: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve=solve)


def test_an_exact_table_takes_no_data() -> None:
    experiment = {"solve": {"name": "desiderata", "n_hidden": 2}}
    (cell,) = expanded(**experiment)
    assert "data" not in cell.document
    assert cell.title == "computation 'desiderata'"
    with pytest.raises(SpecError, match=r"data: this computation takes no data"):
        expanded(**experiment, data=_experiment()["data"])


# ---- exact tables


def test_an_exact_table_runs_by_itself_without_data(tmp_path: Path) -> None:
    spec_file = tmp_path / "spec.json"
    document = {"kind": "solve", "solve": {"name": "richness_family", "n_hidden": 2, "gauge": "stp"}}
    spec_file.write_text(json.dumps(document))
    assert main(["cell", str(spec_file), "--to", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("*.parquet")
    assert len(read_cell(file)) == 18
    assert read_provenance(file)[1]["dataset"] == ""


@pytest.mark.parametrize("n_hidden", [1, 2, 5])
@pytest.mark.parametrize("gauge", ["stp", "mup_gauge", "rescaling_gauge"])
def test_family_rows_are_the_exponents_of_the_rules(gauge: str, n_hidden: int) -> None:
    rows = computed(name="richness_family", n_hidden=n_hidden, gauge=gauge)
    table = rows.pivot_table(index="layer", columns="metric", values="value")
    for richness in ("0", "1/4", "1/2"):
        rule = exponents(gauge, n_hidden, richness=richness)
        for letter, name in (("a", "g"), ("b", "sigma"), ("c", "eta")):
            ours = table[f"{name}_exponent"] + float(Fraction(richness)) * table[f"{name}_slope"]
            assert [-float(x) for x in getattr(rule, letter)] == ours.tolist()


@pytest.mark.parametrize("n_hidden", [1, 2, 4])
def test_desiderata_leave_a_gauge_a_layer_and_one_more(n_hidden: int) -> None:
    rows = computed(name="desiderata", n_hidden=n_hidden)
    freedom = rows[rows.metric == "freedom"].value.tolist()
    assert freedom == list(range(5 * (n_hidden + 1) - 1, n_hidden + 1, -1))  # no equation is redundant


def test_powers_of_n_are_written_as_people_write_them() -> None:
    written = [power_of_n(*x) for x in ((0, 0), (-1, 0), (-1, 2), (0, 2), (0, -1), (0.5, 0), (-1, -2))]
    assert written == ["$1$", "$n^{-1}$", "$n^{-1+2r}$", "$n^{2r}$", "$n^{-r}$", "$n^{1/2}$", "$n^{-1-2r}$"]


# ---- models


def test_myrtle_pools_to_a_mean_and_names_its_layers() -> None:
    net = MyrtleCNN((3, 32, 32), 10, width=8)
    shapes = {}
    for name, layer in net.hidden_layers.items():
        layer.register_forward_hook(lambda _m, _i, out, name=name: shapes.__setitem__(name, tuple(out.shape[1:])))
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert shapes == {"h1": (8, 32, 32), "h2": (8, 32, 32), "h3": (8, 16, 16), "h4": (8, 8, 8)}
    with pytest.raises(ValueError, match="at least 4 pixels"):
        MyrtleCNN((1, 3, 3), 10, width=8)


def test_single_channel_convolutions_of_the_mixer_scale_as_inputs() -> None:
    model, base = ConvMixer((1, 8, 8), 10, width=16), ConvMixer((1, 8, 8), 10, width=1)
    plan = parametrize(model, base, "stp", richness="1/2", optimizer="sgd", lr=1.0, layer_lr="variance")
    roles = {name: (str(its.role), its.fan_in) for name, its in plan.items()}
    assert roles["convolutions.0.weight"] == ("input", 25)
    assert roles["convolutions.1.0.weight"] == ("input", 25)
    assert roles["convolutions.1.1.weight"] == ("hidden", 16)
    assert roles["readout.weight"] == ("output", 16)
    assert plan["convolutions.1.0.weight"].lr == pytest.approx(16 / 25)


# ---- the probe


def test_alignment_is_its_definition(data: Images) -> None:
    cell = spec(richness="0")
    cell["training"] |= {"steps": 1, "evaluations": 2}
    cell["probes"] = [{"name": "alignment"}]
    rows = Trainer(train(cell), data, device=torch.device("cpu")).run()
    rows = rows[rows.seed == 0].set_index(["metric", "layer"]).value
    assert set(rows.index) == {(m, x) for m in ("alignment", "alignment_random") for x in ("hidden.1", "readout")}

    # The same from the definition, with singular values.
    from infwidth.training.member import Member
    from infwidth.training.problem import Problem

    doubled = Images(
        *(x.double() if x.is_floating_point() else x for x in (data.x_train, data.y_train, data.x_test, data.y_test)),
        3,
        "blobs",
        "0" * 64,
    )
    problem = Problem(train(cell), doubled, torch.device("cpu"))
    member = Member(train(cell), doubled, seed=0, lr=0.5, device=torch.device("cpu"))
    batch = problem.batch(0)
    weight = member.model.readout.weight.detach().clone()

    def features() -> torch.Tensor:
        z = batch.x.flatten(1)
        for layer in member.model.hidden:
            z = member.model.activation(layer(z))
        return z.detach()

    before = features()
    problem.loss(member.outputs(batch), batch.y).backward()
    member.plan.optimizer(member.model).step()
    change = features() - before
    expected = (change @ weight.T).norm() / (torch.linalg.svdvals(weight)[0] * change.norm())
    assert rows["alignment", "readout"] == pytest.approx(expected.item(), rel=1e-9)


# ---- claims and figures, on tables made up to be right or wrong


@pytest.fixture(scope="module")
def exact_tables() -> dict[str, pd.DataFrame]:
    family = [
        computed(name="richness_family", n_hidden=2, gauge=gauge).assign(gauge=gauge)
        for gauge in ("stp", "mup_gauge", "rescaling_gauge")
    ]
    return {
        "family": pd.concat(family, ignore_index=True),
        "desiderata": computed(name="desiderata", n_hidden=2),
    }


def _verdicts(tables: dict[str, pd.DataFrame], *wanted: str) -> dict[str, str]:
    chosen = [claim for claim in CLAIMS if claim.figure in wanted]
    read = {name: Table(frame, name) for name, frame in tables.items()}
    return ledger("karkada2024", chosen, read).set_index("claim").verdict.to_dict()


def test_exact_claims_hold_and_notice_one_wrong_entry(exact_tables: dict[str, pd.DataFrame]) -> None:
    exact = ("stp_table", "derivation", "gauges")
    assert set(_verdicts(exact_tables, *exact).values()) == {"reproduced"}
    broken = {name: table.copy() for name, table in exact_tables.items()}
    family = broken["family"]
    family.loc[(family.gauge == "stp") & (family.layer == "W2") & (family.metric == "eta_slope"), "value"] = 1.0
    desiderata = broken["desiderata"]
    broken["desiderata"] = desiderata[desiderata.layer != "NTC"].assign(
        value=lambda d: d.value + ((d.metric == "freedom") & (d["index"] > 4))
    )
    found = _verdicts(broken, *exact)
    assert found["table_of_the_post"] == found["gauge_invariants"] == "not reproduced"
    assert found["one_degree_of_freedom"] == "not reproduced"
    assert found["end_points_of_the_literature"] == "reproduced"


def _rows(**columns: object) -> pd.DataFrame:
    defaults = {"lr": 1.0, "seed": 0, "of": "net", "layer": "", "index": -1}
    return pd.DataFrame({**defaults, **columns})


def test_difference_between_gauges_is_relative_and_over_all_pairs() -> None:
    three = {"step": [0, 0, 0, 9, 9, 9], "gauge": ["stp", "mup_gauge", "rescaling_gauge"] * 2}
    test = _rows(**three, metric="test_loss", value=[2.0, 2.0, 2.0, 1.0, 1.0, 1.3])
    curves = pd.concat([test, _rows(**three, metric="train_loss", value=1.0)])
    found = largest_difference(Table(curves), [])
    assert found.value.tolist() == pytest.approx([0.0, 0.3 / 1.1])
    assert largest_difference(Table(curves), [], until=5).step.tolist() == [0]


def test_growth_is_the_worst_step_and_divergence_is_infinite() -> None:
    base = {"richness": "0", "width": 8}
    table = pd.concat(
        [
            _rows(**base, step=[0, 1, 2], metric="test_loss", value=[1.0, 3.0, 0.5]),
            _rows(**base, step=[0, 1, 2], metric="gradient_norm", layer="h2", value=[2.0, 1.0, 0.5]),
            _rows(richness="0", width=16, step=[0, 1], metric="test_loss", value=[1.0, 0.9]),
            _rows(richness="0", width=16, step=[1], metric="diverged", value=[1.0]),
        ]
    )
    assert loss_growth(Table(table)).value.tolist() == [3.0, np.inf]
    assert gradient_growth(Table(table)).value.tolist() == [0.5]


def test_largest_loss_counts_the_first_step_and_divergence() -> None:
    table = pd.concat(
        [
            _rows(
                richness="0", width=[8, 8, 16, 16], step=[0, 1, 0, 1], metric="test_loss", value=[4.0, 3.0, 1.0, 2.0]
            ),
            _rows(richness="0", width=16, step=[1], metric="diverged", value=[1.0]),
        ]
    )
    assert largest_loss(Table(table)).value.tolist() == [4.0, np.inf]


def test_rescaled_limit_joins_the_two_limits() -> None:
    metric = {"metric": "relative_change_prefactor", "layer": "h2"}
    limit = _rows(**metric, of="limit", richness=["0", "1/4", "1/2"], value=[5.0, 3.0, 99.0])
    near, far = rescaled_limit(Table(limit), np.array([1.0, 1e4]))
    assert near == pytest.approx(5.0 / 16)  # richness 0 at width 256
    assert far == pytest.approx(3.0 / 16 * 1e4, rel=1e-6)  # updates as γ once the output no longer counts


def _two_ends(lazy: float, rich: float, spread: float = 0.0) -> pd.DataFrame:
    parts = [
        _rows(
            richness=richness, gauge=gauge, seed=seed, step=[0, 9], metric="test_loss", value=[1.0, loss + 0.01 * seed]
        )
        for richness, loss in (("0", lazy), ("1/2", rich))
        for gauge, loss in (("stp", loss), ("mup_gauge", loss + spread))
        for seed in range(3)
    ]
    return pd.concat(parts, ignore_index=True)


def test_rich_is_below_lazy_at_the_end_and_gauges_differ_less_than_the_ends() -> None:
    assert lazy_over_rich(Table(_two_ends(0.4, 0.2))) == pytest.approx(np.log([2, 0.41 / 0.21, 0.42 / 0.22]))
    assert set(_verdicts({"cnn_curves": _two_ends(0.4, 0.2)}, "cnn").values()) == {"reproduced"}
    found = _verdicts({"cnn_curves": _two_ends(0.2, 0.4, spread=0.1)}, "cnn")
    assert set(found.values()) == {"not reproduced"}
    only_one = _two_ends(0.4, 0.2).query("richness == '0'")
    assert set(_verdicts({"cnn_curves": only_one}, "cnn").values()) == {"not testable at this scale"}


def test_rescaled_nets_are_paired_with_rich_ones_at_their_width() -> None:
    update = {"metric": "relative_change", "layer": "h2", "step": 1}
    one_step = _rows(**update, width=[256, 256, 256, 512], richness=["0", "1/4", "1/2", "1/2"], value=[1.0, 4, 16, 99])
    rescaled = _rows(**update, gamma0=[1.0, 4.0, 8.0, 16.0], value=[1.0, 4.0, 8.0, 16.0])
    pairs = rescaled_against_rich(Table(rescaled), Table(one_step))
    assert pairs[["richness", "rescaled", "rich"]].values.tolist() == [["1/4", 4.0, 4.0], ["1/2", 16.0, 16.0]]


def test_every_figure_has_its_claim() -> None:
    paper = load_paper("karkada2024", "laptop")
    names = {figure.name for figure in paper.figures}
    assert {claim.figure for claim in CLAIMS} == names
