"""Wide networks in μP become one network; sentences and thresholds are those of the predictions."""

from infwidth.topics.consistency.measures import TASKS
from infwidth.topics.consistency.predictions import (
    ATTENTION_CONVERGES,
    CURVES_COINCIDE,
    KERNELS_CONVERGE,
    LOGITS_CONVERGE,
    PREACTIVATIONS_CONVERGE,
    WIDE_NET_BEATS_ENSEMBLE,
    WIDER_IS_BETTER,
    variance_is_one_over_n,
)

_BOTH = ("vision_online", "language")

CLAIMS = (
    *WIDER_IS_BETTER.claims("loss_curves", *TASKS),
    *CURVES_COINCIDE.claims("loss_curves", *TASKS),
    *LOGITS_CONVERGE.claims("logits", *_BOTH),
    *PREACTIVATIONS_CONVERGE.claims("representations", "vision_online"),
    *KERNELS_CONVERGE.claims("representations", "vision_online"),
    *PREACTIVATIONS_CONVERGE.claims("representations", "language"),
    *ATTENTION_CONVERGES.claims("representations", "language"),
    *WIDE_NET_BEATS_ENSEMBLE.claims("bias_variance", *TASKS),
    *variance_is_one_over_n("late", after=1.0).claims("bias_variance", *_BOTH, name="{experiment}_variance_falls"),
)
