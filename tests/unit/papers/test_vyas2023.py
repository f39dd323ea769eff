"""What is measured for Vyas et al. 2023 alone, on small tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.claims import ledger
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.vyas2023.claims import CLAIMS
from infwidth.papers.vyas2023.measured import edge_sharpness, narrowest_behind_widest

STEPS = tuple(range(0, 60, 10))


def _rows(metric: str, values: object, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"of": "net", "metric": metric, "layer": "", "index": -1, "value": values, **columns})


def _verdicts(figure: str, **tables: pd.DataFrame) -> dict[str, str]:
    chosen = [claim for claim in CLAIMS if claim.figure == figure]
    read = {name: Table(frame, name) for name, frame in tables.items()}
    return ledger("vyas2023", chosen, read).set_index("claim").verdict.to_dict()


def _full_batch(plateau: float, widen: float = 0.0) -> pd.DataFrame:
    """Return nets whose loss halves at every evaluation and whose sharpness, times η, rises to a plateau."""
    parts = []
    for lr, height in ((2.0, 0.5), (16.0, plateau)):
        for width in (32, 64):
            for seed in range(3):
                net = {"lr": lr, "width": width, "seed": seed, "step": STEPS}
                sharpness = np.array([0.1, 0.6, 1.0, 1.0, 1.0, 1.0]) * height * (width / 32) ** widen
                parts.append(_rows("sharpness", sharpness + 1e-3 * seed, **net))
                parts.append(_rows("train_loss", 0.5 ** np.arange(6), **net))
    return pd.concat(parts, ignore_index=True)


def test_the_edge_phase_is_where_the_loss_is_between_its_bounds() -> None:
    table = Table(_full_batch(2.0)).at(lr=16.0)
    of_first = edge_sharpness(table).set_index(["width", "seed"]).value
    assert of_first[32, 0] == pytest.approx((1.2 + 2.0 + 2.0) / 3)  # losses 1/2, 1/4, 1/8; 1 and 1/16 are outside
    with pytest.raises(NotTestableError, match="edge phase"):
        edge_sharpness(table.at(step=0))


def test_sharpness_that_settles_at_two_and_is_the_same_at_all_widths_is_reproduced() -> None:
    found = _verdicts("fig5", full_batch=_full_batch(2.05))
    assert found["sharpness_settles_at_two"] == "reproduced"
    assert found["sharpness_same_at_large_rate"] == found["sharpness_same_at_small_rate"] == "reproduced"
    assert _verdicts("fig5", full_batch=_full_batch(2.2))["sharpness_settles_at_two"] == "not reproduced"
    wider_is_sharper = _verdicts("fig5", full_batch=_full_batch(2.0, widen=0.5))
    assert wider_is_sharper["sharpness_same_at_large_rate"] == "not reproduced"
    assert wider_is_sharper["sharpness_same_at_small_rate"] == "not reproduced"


def _losses(narrow: float, wide: float) -> pd.DataFrame:
    parts = [
        _rows("test_loss", [1.0, value + 0.01 * seed], width=width, seed=seed, step=[0, 9])
        for width, value in ((8, narrow), (16, 5.0), (64, wide))
        for seed in range(3)
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_narrowest_net_is_compared_with_the_widest_seed_by_seed() -> None:
    gap = narrowest_behind_widest(Table(_losses(2.0, 1.0))).set_index(["step", "seed"]).value
    assert gap[0, 0] == 0.0
    assert gap[9, 2] == pytest.approx(np.log(2.02 / 1.02))
    far, near = _losses(2.0, 1.0), _losses(1.1, 1.0)
    assert _verdicts("fig8", vision_offline=far, vision_online=near) == {"repeated_data_bring_deviations": "reproduced"}
    assert _verdicts("fig8", vision_offline=near, vision_online=far) == {
        "repeated_data_bring_deviations": "not reproduced"
    }


def _spectra(ratio: float, rise: float) -> pd.DataFrame:
    """Return NTKs of widths 16, 32, 64 with 12 eigenvalues; the widest's ten leading ones are ``ratio`` times more."""
    parts = []
    for number, width in enumerate((16, 32, 64)):
        for seed in range(3):
            net = {"width": width, "seed": seed, "step": 9}
            values = np.geomspace(100, 1, 12) * (ratio if width == 64 else 1.0) * (1 + 0.01 * seed * number)
            values[10:] *= width**3  # beyond the leading ten, where nothing is compared
            power = np.linspace(0.1, 0.5, 12) + rise * number
            parts += [_rows("ntk_eigenvalue", values, **net), _rows("ntk_task_power", power, **net)]
    return pd.concat(parts).assign(index=[*range(12)] * 18)


def test_leading_eigenvalues_of_the_two_widest_are_compared_and_the_task_s_part_in_them() -> None:
    assert _verdicts("fig9", vision_online=_spectra(1.05, 0.05)) == {
        "eigenvalues_agree": "reproduced",
        "eigenvectors_differ": "reproduced",
    }
    assert _verdicts("fig9", vision_online=_spectra(2.0, -0.05)) == {
        "eigenvalues_agree": "not reproduced",
        "eigenvectors_differ": "not reproduced",
    }
