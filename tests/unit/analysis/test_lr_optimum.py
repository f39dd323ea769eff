"""The best learning rate, on curves whose optimum is known."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from builders import of_frames
from infwidth.analysis import lr_optimum
from infwidth.analysis.table import NotTestableError
from infwidth.errors import SpecError

RATES = [2.0**k for k in range(-8, 3)]


best_loss_change, best_losses, best_of_grid, drift, final_losses, nets_at_best, optima, optimum_table = map(
    of_frames,
    (
        lr_optimum.best_loss_change,
        lr_optimum.best_losses,
        lr_optimum.best_of_grid,
        lr_optimum.drift,
        lr_optimum.final_losses,
        lr_optimum.nets_at_best,
        lr_optimum.optima,
        lr_optimum.optimum_table,
    ),
)


def _table(
    best: Callable[[int], float],
    *,
    widths: tuple[int, ...] = (16, 32, 64),
    seeds: int = 4,
    noise: float = 0.0,
    largest: float = math.inf,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Losses 1 + (log₂ lr − best(width) − a seed's shift)²/10; rates above ``largest`` diverge after 3 steps."""
    shifts = noise * (rng or np.random.default_rng(0)).normal(size=seeds)
    rows = []
    for width in widths:
        for lr in RATES:
            for seed in range(seeds):
                net = {"width": width, "lr": lr, "seed": seed, "layer": "", "index": -1}
                loss = 1 + (math.log2(lr) - best(width) - shifts[seed]) ** 2 / 10
                rows.append(net | {"metric": "test_loss", "step": 0, "value": 0.1})
                if lr > largest:
                    rows.append(net | {"metric": "diverged", "step": 3, "value": 3})
                else:
                    rows.append(net | {"metric": "test_loss", "step": 9, "value": loss})
    return pd.DataFrame(rows)


def test_optimum_of_parabolas_is_exact() -> None:
    table = _table(lambda n: -3.3 + 0.4 * math.log2(n / 16))
    found = optima(table)
    assert [o.at for o in found] == [16, 32, 64]
    np.testing.assert_allclose([o.log2_lr.value for o in found], [-3.3, -2.9, -2.5], atol=1e-10)
    assert [o.grid_lr for o in found][:2] == [2.0**-3, 2.0**-3]
    assert {o.edge for o in found} == {""}
    assert found[0].lr.value == pytest.approx(2**-3.3)
    assert found[0].loss == pytest.approx(1 + 0.3**2 / 10)
    assert found[0].largest_stable_lr == RATES[-1]
    estimate = drift(table)
    assert estimate.value == pytest.approx(0.4, abs=1e-10)
    assert estimate.n == 4


def test_a_lower_neighbour_s_curvature_matters_not_far_points() -> None:
    """Two rates on each side are fitted: what the curve does beyond them does not move the optimum."""
    table = _table(lambda n: -3.3)
    far = (table.lr >= 2.0**0) | (table.lr <= 2.0**-6)
    table.loc[far & (table.step == 9), "value"] = 50.0
    assert optima(table)[0].log2_lr.value == pytest.approx(-3.3, abs=1e-10)
    table.loc[(table.lr == 2.0**-1) & (table.step == 9), "value"] += 0.1  # two above the lowest: fitted
    assert optima(table)[0].log2_lr.value < -3.32


def test_interval_is_about_student_s_for_shifted_parabolas() -> None:
    """Parabolas of one curvature: the optimum of a mean curve is the mean of the seeds' optima."""
    table = _table(lambda n: -3.3, noise=0.1, seeds=6)
    shifts = 0.1 * np.random.default_rng(0).normal(size=6)
    (estimate, *_) = [o.log2_lr for o in optima(table)]
    assert estimate.value == pytest.approx(-3.3 + shifts.mean(), abs=1e-10)
    half = 2.5706 * shifts.std(ddof=1) / math.sqrt(6)
    assert estimate.high - estimate.value == pytest.approx(half, rel=0.06)


def test_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    tables = [_table(lambda n: -3.3, widths=(16,), noise=0.3, seeds=3, rng=rng) for _ in range(80)]
    covered = np.mean([(e := optima(t)[0].log2_lr).low <= -3.3 <= e.high for t in tables])
    assert 0.87 < covered <= 1


def test_all_configurations_share_their_resamples() -> None:
    """A shift common to all widths cancels in the drift, not in the optimum."""
    table = _table(lambda n: -3.3 + 0.5 * math.log2(n / 16), noise=0.2)
    estimate = drift(table)
    assert estimate.value == pytest.approx(0.5, abs=1e-9)
    assert estimate.high - estimate.low < 1e-9
    assert optima(table)[0].log2_lr.high - optima(table)[0].log2_lr.low > 0.1
    assert drift(table.sample(frac=1, random_state=0)) == estimate


def test_drift_s_interval_grows_with_independent_noise() -> None:
    rng = np.random.default_rng(2)
    table = pd.concat(
        [_table(lambda n: -3.3, widths=(width,), noise=0.2, rng=rng) for width in (16, 32, 64)], ignore_index=True
    )
    estimate = drift(table)
    assert estimate.low < 0 < estimate.high
    assert estimate.high - estimate.low > 0.05


def test_one_diverged_seed_takes_a_rate_out() -> None:
    table = _table(lambda n: 0.2)
    table = table[~((table.lr == 2.0) & (table.seed == 1) & (table.width == 32) & (table.step == 9))]
    row = {"width": 32, "lr": 2.0, "seed": 1, "metric": "diverged", "layer": "", "index": -1, "step": 3, "value": 3}
    table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
    losses = final_losses(table)
    assert losses[losses.value.isna()][["width", "lr", "seed"]].to_numpy().tolist() == [[32, 2.0, 1]]
    stable = {o.at: o.largest_stable_lr for o in optima(table)}
    assert stable == {16: 4.0, 32: 1.0, 64: 4.0}  # 4 is stable at width 32, but 2 is not


def test_a_row_of_divergence_outweighs_a_finite_loss_and_an_infinite_loss_is_none() -> None:
    table = _table(lambda n: -3.0, widths=(16,))
    row = {"width": 16, "lr": 4.0, "seed": 0, "metric": "diverged", "layer": "", "index": -1, "step": 9, "value": 9}
    marked = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
    assert optima(marked)[0].largest_stable_lr == 2.0
    table.loc[(table.lr == 2.0) & (table.seed == 2) & (table.step == 9), "value"] = math.inf
    assert optima(table)[0].largest_stable_lr == 1.0
    losses = final_losses(table)
    assert losses[losses.value.isna()][["lr", "seed"]].to_numpy().tolist() == [[2.0, 2.0]]


def test_edges_are_told_and_a_drift_over_them_is_not_testable() -> None:
    assert optima(_table(lambda n: -12.0))[0].edge == "smallest"
    beyond = _table(lambda n: 6.0)
    assert optima(beyond)[0].edge == "largest"
    assert optima(beyond)[0].log2_lr.value == 2.0  # not extrapolated
    cut = _table(lambda n: 6.0, largest=0.5)
    assert optima(cut)[0].edge == "stability"
    assert optima(cut)[0].lr.value == optima(cut)[0].largest_stable_lr == 0.5
    with pytest.raises(NotTestableError, match="edge of the grid for width 16, 32, 64"):
        drift(beyond)
    assert drift(beyond, allow_edges=True).value == pytest.approx(0)
    assert drift(cut).value == pytest.approx(0)


def test_dead_nets_are_no_optimum() -> None:
    """Chance at 1.7: the parabola ends before the nets that die above it, and a width without any better net is out."""
    table = _table(lambda n: -3.0)
    last = table.step == 9
    table.loc[last & (table.lr == 2.0) & (table.width == 32) & (table.seed == 1), "value"] = 1.7
    assert [o.largest_stable_lr for o in optima(table, chance=1.7)] == [0.5, 0.5, 0.5]  # 1 + 3²/10 and more are dead
    assert optima(table, chance=4.0)[1].largest_stable_lr == 4.0
    assert drift(table, chance=1.7).value == pytest.approx(0, abs=1e-10)
    table.loc[last & (table.width == 64), "value"] = 1.6  # not a tenth of the way down
    assert [o.at for o in optima(table, chance=1.7)] == [16, 32]
    with pytest.raises(NotTestableError, match="At width 64 every seed trains at no learning rate"):
        drift(table, chance=1.7)
    slow = _table(lambda n: 0.0)  # far below the optimum a net may still be worse than chance: it is slow, not dead
    assert optima(slow, chance=2.0)[0].log2_lr.value == pytest.approx(0, abs=1e-10)


def test_change_of_the_best_loss() -> None:
    table = _table(lambda n: -3.0, noise=0.1)
    table["value"] *= np.where(table.step == 9, (table.width / 16) ** 0.25, 1.0)
    estimate = best_loss_change(table)
    assert estimate.value == pytest.approx(0.25 * math.log(2), abs=1e-9)
    assert estimate.high - estimate.low < 1e-9  # what all widths share cancels
    assert optima(table)[0].loss == pytest.approx(
        table[(table.width == 16) & (table.lr == 0.125) & (table.step == 9)].value.mean()
    )


def test_the_best_of_the_grid_is_where_nets_are_and_the_same_for_all_seeds() -> None:
    table = _table(lambda n: -3.3 + math.log2(n / 16))
    table.loc[(table.lr == 2.0) & (table.seed == 0) & (table.step == 9), "value"] = 0.5  # one seed's luck
    best = best_of_grid(table)
    assert best.to_dict() == {o.at: o.grid_lr for o in optima(table)} == {16: 0.125, 32: 0.25, 64: 0.5}
    nets = nets_at_best(table).frame
    assert nets.groupby("width").lr.unique().map(list).to_dict() == {at: [lr] for at, lr in best.items()}
    assert set(nets.step) == {0, 9}  # all rows of a net
    losses = best_losses(table)
    assert len(losses) == 12
    assert losses.groupby("width").value.mean().tolist() == pytest.approx([o.loss for o in optima(table)])


def test_a_size_that_trains_at_no_rate_has_no_best_one() -> None:
    table = _table(lambda n: -3.0)
    table = table[(table.width > 16) | (table.step == 0)]
    assert best_of_grid(table).index.tolist() == [32, 64]
    assert set(nets_at_best(table).frame.width) == {32, 64}
    with pytest.raises(NotTestableError, match="at no learning rate, whatever the width"):
        nets_at_best(table, chance=0.5)


def test_a_choice_may_be_in_the_place_of_the_rate() -> None:
    """Its names are numbers from zero on, of which there is no logarithm."""
    table = _table(lambda n: -8.0)
    table = table.assign(lr=np.log2(table.lr) + 8)
    assert best_of_grid(table).tolist() == [0, 0, 0]


def test_table_for_figures() -> None:
    table = _table(lambda n: -3.0, noise=0.05).rename(columns={"width": "n_blocks"})
    frame = optimum_table(table, axis="n_blocks")
    assert frame.columns[0] == "n_blocks"
    assert (frame.low < frame.lr).all()
    assert (frame.lr < frame.high).all()
    assert (frame.n == 4).all()


def test_one_seed_has_an_endless_interval() -> None:
    table = _table(lambda n: -3.3, seeds=1)
    (first, *_) = optima(table)
    assert (first.log2_lr.low, first.log2_lr.high) == (-math.inf, math.inf)
    assert (first.lr.low, first.lr.high) == (0.0, math.inf)
    assert drift(table).high == math.inf


def test_what_is_missing_is_not_testable() -> None:
    table = _table(lambda n: -3.3)
    with pytest.raises(NotTestableError, match="no train_loss"):
        optima(table, metric="train_loss")
    with pytest.raises(NotTestableError, match="two or more values of width"):
        drift(table[table.width == 16])
    with pytest.raises(NotTestableError, match="has not the seeds"):
        drift(table[(table.width > 16) | (table.seed < 2)])
    unstable = pd.concat([table[table.width > 16], _table(lambda n: 0.0, widths=(16,), largest=0.0)])
    with pytest.raises(NotTestableError, match="At width 16 every seed trains at no learning rate"):
        drift(unstable)
    assert [optimum.at for optimum in optima(unstable)] == sorted(table.width.unique())[1:]
    with pytest.raises(SpecError, match="several times"):
        optima(pd.concat([table, table]))
