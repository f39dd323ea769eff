"""Whether nets of growing width become one net: in their losses, outputs and representations.

Each statement is one number with its interval: the exponent in width of a distance between nets. Below zero, nets draw
together as they grow; nets that deviate from the limit by N^-1/2 have distances with that exponent.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from infwidth.analysis.bias_variance import deviation_exponent, ensemble_minus_wider_single
from infwidth.analysis.claims import Claim, NotTestableError
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

#: The experiments on growing widths, and what people call them.
TASKS = {"vision_online": "vision, online", "second_vision": "second vision task", "language": "language"}

_ENSEMBLE_NOTE = (
    "N is the second narrowest width; the ensemble averages the logits of all seeds. With few images that repeat "
    "(laptop, second vision task) most of the error is variance, which an ensemble removes and one wide net does not."
)
_VARIANCE_NOTE = (
    "At laptop scale the exponent is −1 as long as the variance is small, in the first tenth of training; differences "
    "are then amplified as the nets leave the plateau, and the law for small fluctuations no longer applies."
)


def at_the_end(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of a metric at the last step that any net reached, the ensemble's left out."""
    rows = table[(table.metric == metric) & (table.seed >= 0)]
    return rows[rows.step == rows.step.max()]


def last_step(table: pd.DataFrame) -> int:
    """Return the last step of a table."""
    return int(table.step.max())


def loss_per_doubling(table: pd.DataFrame) -> Estimate:
    """Return the change of the final test loss per doubling of the width."""
    return change_per_doubling(at_the_end(table, "test_loss"))


def curves_converge(table: pd.DataFrame) -> Estimate:
    """Return the exponent of the distance of test loss curves of successive widths, relative, over all evaluations."""
    return trend(successive(curves(table, metric="test_loss"), relative_distance))


def logits_converge(table: pd.DataFrame) -> Estimate:
    """Return the exponent of the distance of the followed logits, over all evaluations, from those of the widest."""
    return trend(to_widest(curves(table, metric="correct_logit"), relative_distance))


def kernels_converge(table: pd.DataFrame) -> Estimate:
    """Return the exponent of one less the alignment of successive widths' last feature kernels after training."""
    found = kernels(table, step=last_step(table), layer=deepest_layer(table, "kernel"))
    return trend(successive(found, misalignment))


def histograms_converge(table: pd.DataFrame) -> Estimate:
    """Return the exponent of the 1-Wasserstein distance of successive widths' last preactivations after training."""
    step, layer = last_step(table), deepest_layer(table, "density")
    centres = next(iter(arrays(table, metric="bin_centre", step=step).values()))
    densities = arrays(table, metric="density", step=step, layer=layer)
    return trend(successive(densities, partial(wasserstein, centres=centres)))


def attention_converges(table: pd.DataFrame) -> Estimate:
    """Return the exponent of the relative distance of successive widths' last attention maps after training."""
    found = arrays(table, metric="attention", step=last_step(table), layer=deepest_layer(table, "attention"))
    return trend(successive(found, relative_distance))


def first_step_after(table: pd.DataFrame, part: float) -> int:
    """Return the first evaluation after that part (0 to 1) of training."""
    steps = sorted(table.step.unique())
    return int(next(step for step in steps if step >= part * steps[-1]))


def variance_falls(table: pd.DataFrame, *, after: float) -> Estimate:
    """Return the exponent of the logit variance at the first evaluation after that part (0 to 1) of training."""
    return deviation_exponent(table, step=first_step_after(table, after))


def ensemble_against_wider(table: pd.DataFrame) -> Estimate:
    """Return the final loss of the ensemble of the second narrowest nets less that of one net four times as wide."""
    widths = sorted(table.width.unique())
    if len(widths) < 4:
        raise NotTestableError("Fewer than four widths are run at this scale.")
    return ensemble_minus_wider_single(table, width=widths[1], factor=4, step=last_step(table))


def deepest_layer(table: pd.DataFrame, metric: str) -> str:
    """Return the deepest layer (last by name) of which ``metric`` was measured."""
    layers = sorted(table[table.metric == metric].layer.unique())
    if not layers:
        raise NotTestableError(f"The table has no '{metric}'.")
    return str(layers[-1])


@dataclass(frozen=True)
class Prediction:
    """What theory says of one experiment's nets, whichever paper claims it: relation, interval, measurement, note."""

    expected: str
    accept: tuple[float, float]
    measure: Callable[[pd.DataFrame], Estimate]
    note: str = ""

    def claim(self, experiment: str, *, figure: str, name: str, statement: str) -> Claim:
        """Return the claim that a paper's ``statement`` makes of ``experiment``."""
        return Claim(
            figure=figure,
            name=name,
            statement=statement,
            expected=self.expected,
            accept=self.accept,
            measure=lambda tables: self.measure(tables[experiment]),
            note=self.note,
        )


_FALLS = (-math.inf, 0.0)

WIDER_IS_BETTER = Prediction(
    "final test loss falls with width: change per doubling < 0",
    _FALLS,
    loss_per_doubling,
)
CURVES_COINCIDE = Prediction(
    "distance of the loss curves of successive widths falls with width: exponent < 0",
    _FALLS,
    curves_converge,
)
LOGITS_CONVERGE = Prediction(
    "distance of the followed logits from the widest net's falls with width: exponent < 0",
    _FALLS,
    logits_converge,
)
PREACTIVATIONS_CONVERGE = Prediction(
    "Wasserstein distance of successive widths falls with width: exponent < 0",
    _FALLS,
    histograms_converge,
)
KERNELS_CONVERGE = Prediction(
    "one less the cosine of successive widths falls with width: exponent < 0",
    _FALLS,
    kernels_converge,
)
ATTENTION_CONVERGES = Prediction(
    "relative distance of successive widths falls with width: exponent < 0",
    _FALLS,
    attention_converges,
)
WIDE_NET_BEATS_ENSEMBLE = Prediction(
    "final test loss of the ensemble of width N less that of a single net of width 4N > 0",
    (0.0, math.inf),
    ensemble_against_wider,
    _ENSEMBLE_NOTE,
)


def one_over_n(expected: str, *, after: float) -> Prediction:
    """Return the theory's exponent −1 of the logit variance, ± 0.25, after that part (0 to 1) of training."""
    return Prediction(expected, (-1.25, -0.75), partial(variance_falls, after=after), _VARIANCE_NOTE)
