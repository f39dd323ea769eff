"""Whether nets of growing width become one net: in their losses, outputs and representations.

Each statement is one number with its interval: the exponent in width of a distance between nets. Below zero, nets draw
together as they grow; nets that deviate from the limit by N^-1/2 have distances with that exponent.
"""

from math import isqrt

import numpy as np
import pandas as pd

from infwidth.analysis.bias_variance import deviation_exponent, ensemble_minus_wider_single
from infwidth.analysis.distances import (
    Arrays,
    arrays,
    curves,
    kernels,
    misalignment,
    relative_distance,
    successive,
    to_widest,
    trend,
    wasserstein,
)
from infwidth.analysis.statistics import Estimate, slope_of_means, slope_weights
from infwidth.analysis.table import NotTestableError, Table

#: The experiments on growing widths, and what people call them.
TASKS = {"vision_online": "vision, online", "second_vision": "second vision task", "language": "language"}

#: So many of the last evaluations are averaged where nets are compared at the end: at a constant rate the loss of a net
#: goes up and down from step to step.
LAST = 3


def last_steps(table: Table) -> list[int]:
    """Return the steps of the last evaluations."""
    return [int(step) for step in table.values("step")[-LAST:]]


def loss_per_doubling(table: Table) -> Estimate:
    """Return the change of the test loss per doubling of the width, over the last evaluations.

    The interval holds the chance of the seeds and, where it was measured, that of the test set: the scatter of the
    slope over equal parts of it.
    """
    losses = table.at(step=last_steps(table)).nets("test_loss").groupby(["width", "seed"]).value.mean()
    return slope_of_means(losses.reset_index(), variance=_of_test_set(table))


def _of_test_set(table: Table) -> float:
    """Return the variance of the loss's change per doubling that comes of the chance of the test set."""
    if "test_loss_of_part" not in set(table.frame.metric):
        return 0.0
    means = table.nets("test_loss_of_part").groupby(["index", "width"]).value.mean().unstack()
    slopes = means.to_numpy() @ slope_weights(np.log2(means.columns.to_numpy(float)))
    return float(slopes.var(ddof=1) / len(slopes))


def curves_converge(table: Table) -> Estimate:
    """Return the exponent of the distance of test loss curves of successive widths, relative, over all evaluations."""
    return trend(successive(curves(table, metric="test_loss"), relative_distance))


def logits_converge(table: Table) -> Estimate:
    """Return the exponent of the distance of the followed logits, over all evaluations, from those of the widest."""
    return trend(to_widest(curves(table, metric="correct_logit"), relative_distance))


def kernels_converge(table: Table) -> Estimate:
    """Return the exponent of one less the alignment of successive widths' last feature kernels after training."""
    found = kernels(table, step=table.last_step(), layer=table.deepest_layer("kernel"))
    return trend(successive(found, misalignment))


def histograms_converge(table: Table) -> Estimate:
    """Return the exponent of the distance of successive widths' last preactivations after training.

    It is the 1-Wasserstein distance over the spread: the standard deviation of the preactivations of the wider net.
    """
    step, layer = table.last_step(), table.deepest_layer("density")
    centres = next(iter(arrays(table, metric="bin_centre", step=step).values()))

    def over_spread(narrow: np.ndarray, wide: np.ndarray) -> float:
        mass = wide / wide.sum()
        spread = np.sqrt(mass @ centres**2 - (mass @ centres) ** 2)
        return wasserstein(narrow, wide, centres=centres) / float(spread)

    return trend(successive(arrays(table, metric="density", step=step, layer=layer), over_spread))


def attention_converges(table: Table) -> Estimate:
    """Return the exponent of the relative distance of successive widths' last attention maps after training.

    Maps are compared over their trace.
    """
    found = arrays(table, metric="attention", step=table.last_step(), layer=table.deepest_layer("attention"))
    return trend(successive(over_trace(found), relative_distance))


def over_trace(flat: Arrays) -> dict[tuple[float, int], np.ndarray]:
    """Return square arrays, flattened, over their mean diagonal entry."""
    side = isqrt(len(next(iter(flat.values()))))
    return {net: side * values / np.trace(values.reshape(side, side)) for net, values in flat.items()}


def step_of_descent(table: Table, part: float) -> int:
    """Return the last evaluation at which at most that part (0 to 1) of the loss's whole descent is done.

    The loss is the mean over widths of those over seeds. Raises NotTestableError where no step but the first qualifies.
    """
    losses = table.nets("test_loss").groupby(["step", "width"]).value.mean().groupby("step").mean()
    done = (losses.iloc[0] - losses) / (losses.iloc[0] - losses.iloc[-1])
    steps = done[(done <= part) & (done.index > 0)].index
    if steps.empty:
        raise NotTestableError(f"No evaluation lies within the first {part:.0%} of the descent.")
    return int(steps.max())


def variance_falls(table: Table, *, descent: float) -> Estimate:
    """Return the exponent of the relative logit variance when that part (0 to 1) of the loss's descent is done."""
    return deviation_exponent(table, step=step_of_descent(table, descent) if descent < 1 else table.last_step())


def ensemble_against_wider(table: Table) -> Estimate:
    """Return the loss of infinitely many nets of the second narrowest width less that of one net four times as wide.

    Both are means over the last evaluations.
    """
    widths = table.values("width")
    if len(widths) < 4:
        raise NotTestableError("Fewer than four widths are run at this scale.")
    return ensemble_minus_wider_single(table, width=widths[1], factor=4, steps=last_steps(table))


def behind_widest(table: Table) -> pd.DataFrame:
    """Return the log of every net's test loss less that of the widest's mean loss: columns step, seed, width, value."""
    losses = table.nets("test_loss")
    widest = losses[losses.width == losses.width.max()].groupby("step").value.mean()
    narrower = losses[losses.width < losses.width.max()]
    return narrower.assign(value=np.log(narrower.value.to_numpy() / widest.reindex(narrower.step).to_numpy()))
