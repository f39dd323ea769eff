"""Wide networks in μP become one network; sentences and thresholds are those of the predictions."""

from infwidth.topics.consistency import predictions
from infwidth.topics.consistency.measures import TASKS

_BOTH = ("vision_online", "language")

CLAIMS = (
    *predictions.WIDER_IS_BETTER.claims("loss_curves", *TASKS),
    *predictions.CURVES_COINCIDE.claims("loss_curves", *TASKS),
    *predictions.LOGITS_CONVERGE.claims("logits", *_BOTH),
    *predictions.PREACTIVATIONS_CONVERGE.claims("representations", "vision_online"),
    *predictions.KERNELS_CONVERGE.claims("representations", "vision_online"),
    *predictions.PREACTIVATIONS_CONVERGE.claims("representations", "language"),
    *predictions.ATTENTION_CONVERGES.claims("representations", "language"),
    *predictions.WIDE_NET_BEATS_ENSEMBLE.claims("bias_variance", *TASKS),
    *predictions.variance_is_one_over_n("late", descent=1.0).claims(
        "bias_variance", *_BOTH, name="{experiment}_variance_falls"
    ),
)
