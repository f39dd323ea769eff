"""CompleteP: exponents and drifts are those put into a table; the figure is drawn, and claims judged, at any scale."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from infwidth.analysis import lr_optimum
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table, Tables
from infwidth.experiments.papers import load_paper
from infwidth.papers import figure_function
from infwidth.papers.dey2025 import measured
from infwidth.papers.dey2025.claims import CLAIMS
from infwidth.plotting.style import style
from infwidth.results.rows import COLUMNS

#: By the power of L: how log₂ of the best rate moves per doubling, and the exponent of what is beyond linear.
THEORY = {"0": (-0.5, 0.0), "1/2": (0.1, -0.5), "1": (0.0, 0.0)}


def table(powers: tuple[str, ...] = tuple(THEORY), n_blocks: tuple[int, ...] = (2, 4, 8, 16)) -> Table:
    """Return what exact theory would measure, with losses a parabola."""
    records = []
    for power in powers:
        drift, exponent = THEORY[power]
        for blocks in n_blocks:
            for lr in 2.0 ** np.arange(-10, -3):
                for seed in range(4):
                    net = {"branch_power": power, "n_blocks": blocks, "lr": lr, "seed": seed, "step": 80, "of": "net"}
                    loss = 1 + (np.log2(lr) + 6 - drift * np.log2(blocks / 2)) ** 2 + 0.001 * seed
                    records.append(net | {"metric": "late_loss", "layer": "", "index": -1, "value": loss})
                    records += [
                        net
                        | {"metric": "beyond_linear", "layer": kind, "index": index, "value": factor * blocks**exponent}
                        for kind, factor in (("mlp", lr), ("attention", 2 * lr))
                        for index in range(blocks)
                    ]
    return Table(pd.DataFrame(records).assign(cell="toy")[["branch_power", "n_blocks", "cell", *COLUMNS]], "depths")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put into a table is found with a twentieth of the resamples."""
    monkeypatch.setattr(lr_optimum, "RESAMPLES", 100)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return {"depths": table()}


def test_claims_find_what_is_in_the_table(tables: Tables) -> None:
    found = ledger("dey2025", CLAIMS, tables).set_index("claim")
    expected = {
        "complete_rate_stays": 0.0, "depth_mup_rate_moves": 0.1, "undivided_rate_falls": -0.5,
        **{f"depth_mup_{kind}_linearised": -0.5 for kind in measured.KINDS},
        **{f"complete_{kind}_not_linearised": 0.0 for kind in measured.KINDS},
        **{f"{kind}_lazier": -0.5 for kind in measured.KINDS},
    }  # fmt: skip
    assert found.measured.to_dict() == pytest.approx(expected, abs=1e-6)
    assert set(found.verdict[found.verdict != "reproduced"].index) == {"depth_mup_rate_moves"}


def test_ratios_are_read_at_the_best_rate_of_the_shallowest_nets(tables: Tables) -> None:
    at_best = measured.beyond_linear(tables["depths"], "1", "attention")
    assert set(at_best.value) == {2.0**-5}
    assert set(measured.beyond_linear(tables["depths"], "1", "mlp", slower=8).value) == {2.0**-9}


def test_the_size_of_a_drift_keeps_its_interval() -> None:
    noisy = table(("1/2",))
    frame = noisy.frame.copy()
    late = frame.metric == "late_loss"
    frame.loc[late, "value"] += np.random.default_rng(0).normal(0, 1.5, late.sum())
    moved, size = (f(Table(frame, "depths"), "1/2") for f in (measured.rate_drift, measured.distance_of_drift))
    assert moved.low < 0 < moved.high
    assert (size.low, size.high) == (0.0, max(-moved.low, moved.high))
    falls = measured.distance_of_drift(table(("0",)), "0")
    assert falls.value == pytest.approx(0.5)
    assert 0 < falls.low <= falls.value <= falls.high


def test_the_figure_is_drawn(tables: Tables) -> None:
    with style():
        figure = figure_function("dey2025", "depth_transfer")(tables)
        titles = [axes.get_title() for axes in figure.axes]
        plt.close(figure)
    assert "CompleteP" in titles[2]


def test_one_rule_at_one_depth_decides_nothing() -> None:
    assert set(ledger("dey2025", CLAIMS, {"depths": table(("1",), (1,))}).verdict) == {"not testable at this scale"}


def test_all_scales_have_cells_and_the_first_has_one() -> None:
    sizes = {scale: len(load_paper("dey2025", scale).cells["depths"]) for scale in ("smoke", "laptop", "paper")}
    assert sizes == {"smoke": 1, "laptop": 12, "paper": 18}
