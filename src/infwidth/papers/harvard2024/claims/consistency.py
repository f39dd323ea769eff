"""Wide networks in μP become one network, in the words of the post; thresholds are those of the predictions."""

from infwidth.topics.consistency.measures import TASKS
from infwidth.topics.consistency.predictions import (
    ATTENTION_CONVERGES,
    CURVES_COINCIDE,
    KERNELS_CONVERGE,
    LOGITS_CONVERGE,
    PREACTIVATIONS_CONVERGE,
    WIDE_NET_BEATS_ENSEMBLE,
    WIDER_IS_BETTER,
    one_over_n,
)

_VARIANCE = one_over_n("exponent of the logit variance at the end of training = −1 ± 0.25", after=1.0)

CLAIMS = (
    *(
        WIDER_IS_BETTER.claim(
            experiment,
            figure="loss_curves",
            name=f"{experiment}_wider_is_better",
            statement=f"In μP wider networks have lower loss at equal steps ({task}).",
        )
        for experiment, task in TASKS.items()
    ),
    *(
        CURVES_COINCIDE.claim(
            experiment,
            figure="loss_curves",
            name=f"{experiment}_curves_coincide",
            statement=f"In μP loss curves become identical at large widths ({task}).",
        )
        for experiment, task in TASKS.items()
    ),
    *(
        LOGITS_CONVERGE.claim(
            experiment,
            figure="logits",
            name=f"{experiment}_logits_converge",
            statement=f"Individual logits on held-out points converge with width ({task}).",
        )
        for experiment, task in (("vision_online", "vision"), ("language", "language"))
    ),
    PREACTIVATIONS_CONVERGE.claim(
        "vision_online",
        figure="representations",
        name="vision_preactivations_converge",
        statement="Preactivation distributions of the last block become the same across widths (vision).",
    ),
    KERNELS_CONVERGE.claim(
        "vision_online",
        figure="representations",
        name="vision_kernels_converge",
        statement="Final-layer feature kernels become the same across widths (vision).",
    ),
    PREACTIVATIONS_CONVERGE.claim(
        "language",
        figure="representations",
        name="language_preactivations_converge",
        statement="Feed-forward preactivation distributions become the same across widths (language).",
    ),
    ATTENTION_CONVERGES.claim(
        "language",
        figure="representations",
        name="language_attention_converges",
        statement="Attention maps become the same across widths (language).",
    ),
    *(
        WIDE_NET_BEATS_ENSEMBLE.claim(
            experiment,
            figure="bias_variance",
            name=f"{experiment}_wider_beats_ensemble",
            statement=f"One wider network beats an ensemble of narrower ones ({task}).",
        )
        for experiment, task in TASKS.items()
    ),
    *(
        _VARIANCE.claim(
            experiment,
            figure="bias_variance",
            name=f"{experiment}_variance_falls",
            statement=f"The variance over initializations falls as 1/N ({TASKS[experiment]}).",
        )
        for experiment in ("vision_online", "language")
    ),
)
