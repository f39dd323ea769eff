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


WIDER_IS_BETTER = Prediction(
    "{experiment}_wider_is_better",
    "In μP wider networks have lower loss at equal steps ({task}).",
    "change of the final test loss per doubling of the width",
    loss_per_doubling,
    below(0),
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
    "exponent in the width of the Wasserstein distance of preactivations of successive widths",
    histograms_converge,
    below(0),
    _all_pairs("vision −0.37 (−1.03 … 0.30), language −0.33 (−0.78 … 0.12)"),
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
    "exponent in the width of the relative distance of the attention of successive widths",
    attention_converges,
    below(0),
    _all_pairs("language −0.23 (−0.45 … −0.01)"),
)
WIDE_NET_BEATS_ENSEMBLE = Prediction(
    "{experiment}_wider_beats_ensemble",
    "One wider network beats an ensemble of narrower ones ({task}).",
    "final test loss of the ensemble of width N less that of a single net of width 4N",
    ensemble_against_wider,
    above(0),
    "N is the second narrowest width; the ensemble averages the logits of all seeds. With few images that repeat "
    "(second vision task) most of the error is variance, which an ensemble removes and one wide net does not.",
)


def variance_is_one_over_n(when: str, *, after: float) -> Prediction:
    """Return the theory's exponent −1 of the logit variance after that part (0 to 1) of training, ``when`` in words."""
    return Prediction(
        f"{{experiment}}_variance_{when}",
        f"The variance over initializations falls as 1/N ({{task}}, {when} in training).",
        f"exponent in the width of the logit variance {when} in training",
        partial(variance_falls, after=after),
        about(-1, within=0.25),
        "The exponent is −1 as long as the variance is small: at laptop scale in the first tenth of training, for "
        "language at workstation scale in the first 60 of 900 steps. Differences are then amplified as the nets leave "
        "the plateau, and the law for small fluctuations no longer applies.",
    )
