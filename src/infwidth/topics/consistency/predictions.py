"""What theory says of nets of growing width, whichever paper claims it: see the statistics of ``consistency``."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from infwidth.analysis.claims import ABOVE_ZERO, BELOW_ZERO, Claim
from infwidth.analysis.statistics import Estimate
from infwidth.topics.consistency.measures import (
    attention_converges,
    curves_converge,
    ensemble_against_wider,
    histograms_converge,
    kernels_converge,
    logits_converge,
    loss_per_doubling,
    variance_falls,
)

_ENSEMBLE_NOTE = (
    "N is the second narrowest width; the ensemble averages the logits of all seeds. With few images that repeat "
    "(second vision task) most of the error is variance, which an ensemble removes and one wide net does not."
)
_VARIANCE_NOTE = (
    "The exponent is −1 as long as the variance is small: at laptop scale in the first tenth of training, for language "
    "at workstation scale in the first 60 of 900 steps. Differences are then amplified as the nets leave the plateau, "
    "and the law for small fluctuations no longer applies."
)


@dataclass(frozen=True)
class Prediction:
    """What theory says of one experiment's nets: the relation in words, its interval, the measurement, a note."""

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


WIDER_IS_BETTER = Prediction(
    "final test loss falls with width: change per doubling < 0",
    BELOW_ZERO,
    loss_per_doubling,
)
CURVES_COINCIDE = Prediction(
    "distance of the loss curves of successive widths falls with width: exponent < 0",
    BELOW_ZERO,
    curves_converge,
)
LOGITS_CONVERGE = Prediction(
    "distance of the followed logits from the widest net's falls with width: exponent < 0",
    BELOW_ZERO,
    logits_converge,
)
PREACTIVATIONS_CONVERGE = Prediction(
    "Wasserstein distance of successive widths falls with width: exponent < 0",
    BELOW_ZERO,
    histograms_converge,
)
KERNELS_CONVERGE = Prediction(
    "one less the cosine of successive widths falls with width: exponent < 0",
    BELOW_ZERO,
    kernels_converge,
)
ATTENTION_CONVERGES = Prediction(
    "relative distance of successive widths falls with width: exponent < 0",
    BELOW_ZERO,
    attention_converges,
)
WIDE_NET_BEATS_ENSEMBLE = Prediction(
    "final test loss of the ensemble of width N less that of a single net of width 4N > 0",
    ABOVE_ZERO,
    ensemble_against_wider,
    _ENSEMBLE_NOTE,
)


def one_over_n(expected: str, *, after: float) -> Prediction:
    """Return the theory's exponent −1 of the logit variance, ± 0.25, after that part (0 to 1) of training."""
    return Prediction(expected, (-1.25, -0.75), partial(variance_falls, after=after), _VARIANCE_NOTE)
