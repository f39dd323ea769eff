"""Wide networks in μP become one network. Thresholds are signs, and for the variance the theory's exponent."""

import math
from collections.abc import Callable
from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim, Tables
from infwidth.analysis.consistency import (
    ENSEMBLE,
    LATER_VARIANCE,
    attention_converges,
    curves_converge,
    ensemble_against_wider,
    histograms_converge,
    kernels_converge,
    logits_converge,
    loss_per_doubling,
    variance_falls,
)
from infwidth.analysis.statistics import Estimate

FALLS = (-math.inf, 0.0)
#: The theory's exponent −1, with the tolerance of the project's plan.
ONE_OVER_N = (-1.25, -0.75)


def _of(experiment: str, measure: Callable[[pd.DataFrame], Estimate]) -> Callable[[Tables], Estimate]:
    return lambda tables: measure(tables[experiment])


CLAIMS = (
    *(
        Claim(
            figure="loss_curves",
            name=f"{experiment}_wider_is_better",
            statement=f"In μP wider networks have lower loss at equal steps ({task}).",
            expected="final test loss falls with width: change per doubling < 0",
            accept=FALLS,
            measure=_of(experiment, loss_per_doubling),
        )
        for experiment, task in (
            ("vision_online", "vision, online"),
            ("second_vision", "second vision task"),
            ("language", "language"),
        )
    ),
    *(
        Claim(
            figure="loss_curves",
            name=f"{experiment}_curves_coincide",
            statement=f"In μP loss curves become identical at large widths ({task}).",
            expected="distance of the loss curves of successive widths falls with width: exponent < 0",
            accept=FALLS,
            measure=_of(experiment, curves_converge),
        )
        for experiment, task in (
            ("vision_online", "vision, online"),
            ("second_vision", "second vision task"),
            ("language", "language"),
        )
    ),
    *(
        Claim(
            figure="logits",
            name=f"{experiment}_logits_converge",
            statement=f"Individual logits on held-out points converge with width ({task}).",
            expected="distance of the followed logits from the widest net's falls with width: exponent < 0",
            accept=FALLS,
            measure=_of(experiment, logits_converge),
        )
        for experiment, task in (("vision_online", "vision"), ("language", "language"))
    ),
    Claim(
        figure="representations",
        name="vision_preactivations_converge",
        statement="Preactivation distributions of the last block become the same across widths (vision).",
        expected="Wasserstein distance of successive widths falls with width: exponent < 0",
        accept=FALLS,
        measure=_of("vision_online", histograms_converge),
    ),
    Claim(
        figure="representations",
        name="vision_kernels_converge",
        statement="Final-layer feature kernels become the same across widths (vision).",
        expected="one less the cosine of successive widths falls with width: exponent < 0",
        accept=FALLS,
        measure=_of("vision_online", kernels_converge),
    ),
    Claim(
        figure="representations",
        name="language_preactivations_converge",
        statement="Feed-forward preactivation distributions become the same across widths (language).",
        expected="Wasserstein distance of successive widths falls with width: exponent < 0",
        accept=FALLS,
        measure=_of("language", histograms_converge),
    ),
    Claim(
        figure="representations",
        name="language_attention_converges",
        statement="Attention maps become the same across widths (language).",
        expected="relative distance of successive widths falls with width: exponent < 0",
        accept=FALLS,
        measure=_of("language", attention_converges),
    ),
    *(
        Claim(
            figure="bias_variance",
            name=f"{experiment}_wider_beats_ensemble",
            statement=f"One wider network beats an ensemble of narrower ones ({task}).",
            expected="final test loss of the ensemble of width N less that of a single net of width 4N > 0",
            accept=(0.0, math.inf),
            measure=_of(experiment, ensemble_against_wider),
            note=ENSEMBLE,
        )
        for experiment, task in (
            ("vision_online", "vision, online"),
            ("second_vision", "second vision task"),
            ("language", "language"),
        )
    ),
    *(
        Claim(
            figure="bias_variance",
            name=f"{experiment}_variance_falls",
            statement=f"The variance over initializations falls as 1/N ({task}).",
            expected="exponent of the logit variance at the end of training = −1 ± 0.25",
            accept=ONE_OVER_N,
            measure=_of(experiment, partial(variance_falls, after=1.0)),
            note=LATER_VARIANCE,
        )
        for experiment, task in (("vision_online", "vision, online"), ("language", "language"))
    ),
)
