"""Whether nets of growing width become one net: in their losses, outputs and representations.

Each statement is one number with its interval: the exponent in width of a distance between nets. Below zero, nets draw
together as they grow; nets that deviate from the limit by N^-1/2 have distances with that exponent.
"""

from functools import partial

from infwidth.analysis.bias_variance import deviation_exponent, ensemble_minus_wider_single
from infwidth.analysis.distances import (
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
from infwidth.analysis.statistics import Estimate, change_per_doubling
from infwidth.analysis.table import NotTestableError, Table

#: The experiments on growing widths, and what people call them.
TASKS = {"vision_online": "vision, online", "second_vision": "second vision task", "language": "language"}


def loss_per_doubling(table: Table) -> Estimate:
    """Return the change of the final test loss per doubling of the width."""
    return change_per_doubling(table.at_end().nets("test_loss"))


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
    """Return the exponent of the 1-Wasserstein distance of successive widths' last preactivations after training."""
    step, layer = table.last_step(), table.deepest_layer("density")
    centres = next(iter(arrays(table, metric="bin_centre", step=step).values()))
    densities = arrays(table, metric="density", step=step, layer=layer)
    return trend(successive(densities, partial(wasserstein, centres=centres)))


def attention_converges(table: Table) -> Estimate:
    """Return the exponent of the relative distance of successive widths' last attention maps after training."""
    found = arrays(table, metric="attention", step=table.last_step(), layer=table.deepest_layer("attention"))
    return trend(successive(found, relative_distance))


def variance_falls(table: Table, *, after: float) -> Estimate:
    """Return the exponent of the logit variance at the first evaluation after that part (0 to 1) of training."""
    return deviation_exponent(table, step=table.first_step_after(after))


def ensemble_against_wider(table: Table) -> Estimate:
    """Return the final loss of the ensemble of the second narrowest nets less that of one net four times as wide."""
    widths = table.values("width")
    if len(widths) < 4:
        raise NotTestableError("Fewer than four widths are run at this scale.")
    return ensemble_minus_wider_single(table, width=widths[1], factor=4, step=table.last_step())
