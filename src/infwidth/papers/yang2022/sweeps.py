"""What the sweeps over hyperparameters of transformers measure, shared by their figures and claims."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.lr_optimum import best_losses, best_of_grid, drift
from infwidth.analysis.statistics import Estimate, mean_over_seeds, slopes_by_seed
from infwidth.analysis.table import NotTestableError, Table
from infwidth.topics.lr_transfer.measures import tuned_rate

LOSS = "running_loss"


def of_rates(sweep: Table) -> Table:
    """Return the nets whose learning rate is swept, all else as usual."""
    return sweep.at(metric=(LOSS, "diverged"), index=0)


def by_setting(sweep: Table, name: str) -> Table:
    """Return the nets whose hyperparameter ``name`` is swept, with its value in the place of their rate.

    "lr" is the rate itself; a schedule is its place in the list.
    """
    if name == "lr":
        return of_rates(sweep)
    settings = sweep.nets(name)
    values = settings.groupby("index").value.first()
    swept = sweep.at(metric=(LOSS, "diverged"), index=values.index.tolist(), lr=settings.lr.iloc[0]).frame
    return Table(swept.assign(lr=swept["index"].map(values)), sweep.name)


def over_sizes(sweep: Table) -> Table:
    """Return the final losses of nets that may be trained for different numbers of steps, as if these were one."""
    nets = of_rates(sweep)
    return Table(nets.at_end(of_each=True).frame.assign(step=nets.last_step()), sweep.name)


def size_drift(sweep: Table, axis: str) -> Estimate:
    """Return the change of log₂ of the best rate per doubling of a size, which is not the width."""
    return drift(over_sizes(sweep), axis=axis, metric=LOSS)


def setting_drift(sweep: Table, name: str, axis: str) -> Estimate:
    """Return the change of log₂ of the best value of a hyperparameter per doubling of ``axis``."""
    return drift(by_setting(sweep, name), axis=axis, metric=LOSS)


def setting_move(sweep: Table, name: str, axis: str) -> Estimate:
    """Return the size of :func:`setting_drift`."""
    return setting_drift(sweep, name, axis).size()


def regret(sweep: Table, axis: str, *, blind: bool = False) -> np.ndarray:
    """Return how much worse than the last net's best schedule the first one's is for it, in nats, a number a seed.

    Or, ``blind``, how much worse one is that is drawn among all. A schedule is the best as a rate of a grid is.
    """
    nets = by_setting(sweep, "schedule")
    best = best_of_grid(nets, axis=axis, metric=LOSS)
    losses = nets.at(**{axis: max}).at_end().nets(LOSS).pivot_table(index="seed", columns="lr", values="value")
    chosen = losses.mean(axis=1) if blind else losses[best.iloc[0]]
    return (chosen - losses[best.iloc[-1]]).to_numpy()


def rate_drift(sweep: Table, rule: str, *, allow_edges: bool = False) -> Estimate:
    """Return the change of log₂ of the best rate per doubling of the width in ``rule``."""
    return drift(of_rates(sweep.at(rule=rule)), metric=LOSS, allow_edges=allow_edges)


def base_rate(rates: Table) -> float:
    """Return the rate of the grid with the lowest final loss at the base width, where both rules are the same."""
    return tuned_rate(of_rates(rates.at(rule="mup")), metric=LOSS, chance=math.inf)


def slopes_in_time(rates: Table, rule: str, lr: float) -> pd.DataFrame:
    """Return the change of the loss per doubling of the width at every time: columns step, seed, value."""
    losses = of_rates(rates.at(rule=rule, lr=lr)).nets(LOSS)
    if losses.width.nunique() < 2:
        raise NotTestableError(f"A slope needs two or more widths, there are {losses.width.nunique()}.")
    slopes = {step: slopes_by_seed(rows, x="width", log_y=False) for step, rows in losses.groupby("step")}
    return pd.concat(slopes, names=["step"]).rename("value").reset_index()


def worst_in_time(rates: Table, rule: str, factor: float) -> Estimate:
    """Return the change of the loss per doubling of the width at the time at which its mean over seeds is largest.

    At ``factor`` times the best rate of the base width; the time is chosen by the value, so that this is no smaller
    than the change at any time named before.
    """
    slopes = slopes_in_time(rates, rule, factor * base_rate(rates))
    by_step = slopes.groupby("step").value
    return mean_over_seeds(by_step.get_group(by_step.mean().idxmax()).to_numpy())


def mean_in_time(rates: Table, rule: str, factor: float) -> np.ndarray:
    """Return the change of the loss per doubling of the width, mean over the times of training, a number a seed."""
    slopes = slopes_in_time(rates, rule, factor * base_rate(rates))
    return slopes.groupby("seed").value.mean().to_numpy()


def sp_over_mup(rates: Table) -> np.ndarray:
    """Return the log of the widest nets' best final loss in SP over that in μP, paired by seed."""
    sp, mup = (
        best_losses(of_rates(rates.at(rule=rule, width=max)), metric=LOSS).set_index("seed").value
        for rule in ("sp", "mup")
    )
    return np.log((sp / mup).to_numpy())
