"""What theory says of nets of growing width, as claims of the papers that say it too: written once, judged for each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import Expected, about, above, below
from infwidth.analysis.quantities import Estimated, on
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table
from infwidth.topics.consistency.measures import (
    TASKS,
    attention_converges,
    curves_converge,
    ensemble_against_wider,
    histograms_converge,
    kernels_converge,
    logits_converge,
    loss_per_doubling,
    variance_falls,
)


@dataclass(frozen=True)
class Prediction:
    """What theory says of one experiment's nets.

    Attributes:
        name: of the claims, with ``{experiment}`` or ``{subject}`` (vision or language) where they differ.
        says: their sentence, with ``{task}`` or ``{subject}``.
        of: the words for what is measured.
        measure: the table of the experiment → estimate.
        expected: the same for all experiments.
        note: as for claims.
    """

    name: str
    says: str
    of: str
    measure: Callable[[Table], Estimate]
    expected: Expected
    note: str = ""

    def claims(self, figure: str, *experiments: str, name: str = "") -> tuple[Claim, ...]:
        """Return a claim of a figure on each of the experiments; ``name`` in place of the prediction's own."""
        return tuple(
            Claim(
                (name or self.name).format(**words),
                figure,
                says=self.says.format(**words),
                measured=Estimated(self.of, on(experiment, self.measure)),
                expected=self.expected,
                note=self.note,
            )
            for experiment in experiments
            for words in [{"experiment": experiment, "subject": experiment.split("_")[0], "task": TASKS[experiment]}]
        )


def _all_pairs(before: str) -> str:
    """Return the note on distances, which were of pairs within a seed at first, with what they said at laptop scale."""
    return f"Corrected after seeing: pairs of nets of all different seeds; before, of one seed: {before}."


#: What was measured at laptop scale before nets, data and lengths were changed.
_SMALLER = "Before, of nets of 8 to 64 channels (language: 16 to 128) on digits that repeat"

WIDER_IS_BETTER = Prediction(
    "{experiment}_wider_is_better",
    "In μP wider networks have lower loss at equal steps ({task}).",
    "change of the test loss per doubling of the width, mean of the last three evaluations,",
    loss_per_doubling,
    below(0),
    "The interval holds the chance of the seeds and that of the test set. Corrected after seeing: the last evaluation "
    f"alone, no chance of the test set. {_SMALLER}: vision online −0.21 (−0.27 … −0.14), second task (the offline "
    "nets) −0.03 (−0.06 … −0.01), language −0.029 (−0.033 … −0.025).",
)
CURVES_COINCIDE = Prediction(
    "{experiment}_curves_coincide",
    "In μP loss curves become identical at large widths ({task}).",
    "exponent in the width of the distance of the loss curves of successive widths",
    curves_converge,
    below(0),
    _all_pairs("vision online −0.31 (−0.61 … −0.01), offline −0.57 (−1.00 … −0.14), language −0.78 (−1.26 … −0.29)"),
)
LOGITS_CONVERGE = Prediction(
    "{experiment}_logits_converge",
    "In μP predictions on single held-out points converge with width ({task}).",
    "exponent in the width of the distance of the followed logits from the widest net's",
    logits_converge,
    below(0),
    _all_pairs("vision −0.36 (−0.54 … −0.17), language −0.29 (−0.54 … −0.05)"),
)
PREACTIVATIONS_CONVERGE = Prediction(
    "{subject}_preactivations_converge",
    "In μP the preactivations of the last block become distributed the same across widths ({subject}).",
    "exponent in the width of the Wasserstein distance, over their spread, of preactivations of successive widths",
    histograms_converge,
    below(0),
    _all_pairs("vision −0.37 (−1.03 … 0.30), language −0.33 (−0.78 … 0.12)") + " The spread was not divided by.",
)
KERNELS_CONVERGE = Prediction(
    "{subject}_kernels_converge",
    "In μP final-layer feature kernels become the same across widths ({subject}).",
    "exponent in the width of one less the cosine of the kernels of successive widths",
    kernels_converge,
    below(0),
    _all_pairs("vision −0.53 (−1.07 … 0.003)"),
)
ATTENTION_CONVERGES = Prediction(
    "{subject}_attention_converges",
    "In μP attention matrices become the same across widths ({subject}).",
    "exponent in the width of the relative distance of the attention, over its trace, of successive widths",
    attention_converges,
    below(0),
    _all_pairs("language −0.23 (−0.45 … −0.01)"),
)
WIDE_NET_BEATS_ENSEMBLE = Prediction(
    "{experiment}_wider_beats_ensemble",
    "One wider network beats an ensemble of any number of narrower ones ({task}).",
    "test loss of infinitely many nets of width N, whose logits are averaged, less that of one net of width 4N, mean "
    "of the last three evaluations,",
    ensemble_against_wider,
    above(0),
    "N is the second narrowest width. Corrected after seeing: the ensemble of all seeds, whose loss still holds a part "
    "of the variance, at the last evaluation alone, on the nets and data of then: vision online 0.11 (−0.02 … 0.25), "
    "second task (the offline nets) −0.12 (−0.21 … −0.02), language 0.017 (0.007 … 0.027).",
)


def variance_is_one_over_n(when: str, *, descent: float) -> Prediction:
    """Return the theory's exponent −1 of the logit variance after that part of the descent, ``when`` in words."""
    words = "at the end" if descent == 1 else f"when {descent:.0%} of the loss's descent is done"
    return Prediction(
        f"{{experiment}}_variance_{when}",
        f"The variance over initializations falls as 1/N ({{task}}, {when} in training).",
        f"exponent in the width of the relative variance of the logits {words}",
        partial(variance_falls, descent=descent),
        about(-1, within=0.25),
        "The variance over seeds of logits less their mean over classes, over the mean square of their average. The "
        "law is for small fluctuations; as nets leave the plateau of their loss these are amplified. Corrected after "
        "seeing: neither centred nor relative (raw, it grows with the logits' size, which grows with N), after a tenth "
        "of the steps and at the end: vision online −0.58 (−0.80 … −0.36) and −0.46 (−0.64 … −0.28), language −0.93 "
        "(−1.11 … −0.74) and −0.40 (−0.44 … −0.36).",
    )
