"""What is measured for Vyas et al. 2023 alone, on small tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.claims import ledger
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.vyas2023.claims import CLAIMS
from infwidth.papers.vyas2023.measured import (
    deviations,
    edge_sharpness,
    power_within_leading,
    settled_sharpness,
    sharpening,
)

STEPS = tuple(range(0, 60, 10))


def _rows(metric: str, values: object, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"of": "net", "metric": metric, "layer": "", "index": -1, "value": values, **columns})


def _verdicts(figure: str, **tables: pd.DataFrame) -> dict[str, str]:
    chosen = [claim for claim in CLAIMS if claim.figure == figure]
    read = {name: Table(frame, name) for name, frame in tables.items()}
    return ledger("vyas2023", chosen, read).set_index("claim").verdict.to_dict()


def _full_batch(plateau: float, widen: float = 0.0) -> pd.DataFrame:
    """Return nets whose loss halves at every evaluation and whose sharpness, times η, rises to a plateau.

    Wide nets, which begin as narrow ones do, rise to one that is higher by the power ``widen`` of the width.
    """
    parts, rises = [], np.array([0, 1, 1, 1, 1, 1])
    for lr, height in ((2.0, 0.5), (16.0, plateau)):
        for width in (32, 64):
            for seed in range(3):
                net = {"lr": lr, "width": width, "seed": seed, "step": STEPS}
                sharpness = np.array([0.1, 0.6, 1.0, 1.0, 1.0, 1.0]) * height * (width / 32) ** (widen * rises)
                parts.append(_rows("sharpness", sharpness + 1e-3 * seed, **net))
                parts.append(_rows("train_loss", 0.5 ** np.arange(6), **net))
    return pd.concat(parts, ignore_index=True)


def test_the_edge_phase_is_where_the_loss_is_between_its_bounds() -> None:
    table = Table(_full_batch(2.0)).at(lr=16.0)
    of_first = edge_sharpness(table).set_index(["width", "seed"]).value
    assert of_first[32, 0] == pytest.approx((1.2 + 2.0 + 2.0) / 3)  # losses 1/2, 1/4, 1/8; 1 and 1/16 are outside
    with pytest.raises(NotTestableError, match="edge phase"):
        edge_sharpness(table.at(step=0))


def test_sharpening_is_the_last_sharpness_over_the_first() -> None:
    table = Table(_full_batch(2.0, widen=1.0).sample(frac=1, random_state=0)).at(lr=16.0)  # rows in no order
    of_first = sharpening(table).set_index(["width", "seed"]).value
    assert of_first[32, 0] == pytest.approx(10.0)
    assert of_first[64, 0] == pytest.approx(20.0)


def test_settled_is_the_last_third_of_the_steps() -> None:
    table = Table(_full_batch(2.0)).at(lr=16.0, width=32, seed=0)
    changed = table.frame.assign(value=table.frame.value + table.frame.step)
    assert settled_sharpness(Table(changed)).value.item() == pytest.approx(2.0 + 45.0)  # steps 40 and 50 of 0 … 50


def test_sharpness_that_settles_at_two_and_is_the_same_at_all_widths_is_reproduced() -> None:
    found = _verdicts("fig5", full_batch=_full_batch(2.05))
    assert found["sharpness_settles_at_two"] == "reproduced"
    assert found["sharpness_same_at_large_rate"] == found["sharpness_same_at_small_rate"] == "reproduced"
    assert _verdicts("fig5", full_batch=_full_batch(2.2))["sharpness_settles_at_two"] == "not reproduced"
    wider_is_sharper = _verdicts("fig5", full_batch=_full_batch(2.0, widen=0.5))
    assert wider_is_sharper["sharpness_same_at_large_rate"] == "not reproduced"
    assert wider_is_sharper["sharpness_same_at_small_rate"] == "not reproduced"


def _stream(metric: str, speeds: dict[int, float], apart: float) -> pd.DataFrame:
    """Return nets whose loss falls as exp(−speed · step), and logits that lie ``apart``·N^−1/2 from a limit."""
    rng, parts = np.random.default_rng(0), []
    for width, speed in speeds.items():
        for seed in range(4):
            net = {"width": width, "seed": seed}
            parts.append(_rows(metric, np.exp(-speed * np.array(STEPS) / 50), **net, step=STEPS))
            for step in STEPS:
                logits = 1.0 + step + (1.0 + step) * apart * width**-0.5 * rng.standard_normal(200)
                parts.append(_rows("correct_logit", logits, **net, step=step).assign(index=range(200)))
    return pd.concat(parts, ignore_index=True)


def _accuracies(value: float) -> pd.DataFrame:
    return _rows("test_accuracy", value + 0.01 * np.arange(3), width=16, seed=range(3), step=9)


def test_nets_are_compared_with_the_widest_at_equal_train_loss() -> None:
    online = _stream("test_loss", {16: 1.0, 32: 1.0, 64: 1.0}, apart=0.4)
    offline = _stream("train_loss", {16: 2.0, 32: 2.0, 64: 5.0}, apart=0.8)  # there earlier, and wide nets first of all
    tables = {"vision_online": Table(online), "vision_offline": Table(offline)}
    found = deviations(tables).groupby(["stream", "width"]).value.mean()
    for width in (16, 32):  # the average of the four widest nets has a quarter of their variance
        assert found["online", width] == pytest.approx(0.4 * np.sqrt(1 / width + 1 / 256), rel=0.1)
    real = {"real_from_drawn": _accuracies(0.9), "real_from_real": _accuracies(0.95)}
    assert _verdicts("fig8", vision_online=online, vision_offline=offline, **real) == {
        "repeated_data_bring_deviations": "reproduced",
        "drawn_images_stand_for_real_ones": "reproduced",
    }
    assert _verdicts(
        "fig8",
        vision_online=_stream("test_loss", {16: 1.0, 32: 1.0, 64: 1.0}, apart=0.8),
        vision_offline=_stream("train_loss", {16: 1.0, 32: 1.0, 64: 1.0}, apart=0.4),
        real_from_drawn=_accuracies(0.5),
        real_from_real=_accuracies(0.95),
    ) == {"repeated_data_bring_deviations": "not reproduced", "drawn_images_stand_for_real_ones": "not reproduced"}


def _spectra(ratio: float, rise: float) -> pd.DataFrame:
    """Return NTKs of widths 16, 32, 64 with 12 eigenvalues; the widest's ten leading ones are ``ratio`` times more."""
    parts = []
    for number, width in enumerate((16, 32, 64)):
        for seed in (-1, 0, 1, 2):
            net = {"width": width, "seed": seed, "step": 9}
            values = np.geomspace(100, 1, 12) * (1 + 0.01 * seed * number)
            values[:10] *= np.geomspace(1, ratio, 10) if width == 64 else 1.0
            values *= width  # a kernel's size is no part of its shape
            power = np.linspace(0.1, 0.5, 12) + (rise + 0.001 * seed) * number
            parts += [_rows("ntk_eigenvalue", values, **net), _rows("ntk_task_power", power, **net)]
    rows = pd.concat(parts).assign(index=[*range(12)] * 24)
    return rows.assign(of=np.where(rows.seed < 0, "ensemble", "net"))


def test_leading_eigenvalues_of_the_two_widest_are_compared_and_the_task_s_part_in_them() -> None:
    assert _verdicts("fig9", vision_online=_spectra(1.05, 0.05)) == {
        "eigenvalues_agree": "reproduced",
        "eigenvectors_differ": "reproduced",
    }
    assert _verdicts("fig9", vision_online=_spectra(20.0, -0.05)) == {
        "eigenvalues_agree": "not reproduced",
        "eigenvectors_differ": "not reproduced",
    }
    area = power_within_leading(Table(_spectra(1.0, 0.0).assign(value=1.0)))
    assert area.value.to_numpy() == pytest.approx(1.0)
