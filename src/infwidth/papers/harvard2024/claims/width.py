"""NTK against μP over widths. Thresholds are signs, fixed before the first run."""

from collections.abc import Callable

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above, below
from infwidth.analysis.quantities import Estimated
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table, Tables
from infwidth.papers.harvard2024.measured import ntk_apart_over_mup
from infwidth.topics.consistency.measures import logits_converge, loss_per_doubling

_LOSS = "change of the test loss per doubling of the width, mean of the last three evaluations,"
_BEFORE = (
    "The interval holds the chance of the seeds and that of the test set. Corrected after seeing: the last evaluation "
    "alone, no chance of the test set; on three widths, 16 to 64, at 14×14 pixels: "
)


def _of(rule: str, measure: Callable[[Table], Estimate]) -> Callable[[Tables], Estimate]:
    return lambda tables: measure(tables["width_sweep"].at(rule=rule))


CLAIMS = (
    Claim(
        "ntk_wider_is_worse",
        "ntk_vs_width",
        says="In the NTK parametrization, at fixed hyperparameters and steps, wider networks have higher loss.",
        measured=Estimated(_LOSS, _of("ntk", loss_per_doubling)),
        expected=above(0),
        note=f"{_BEFORE}0.25 (0.15 … 0.34).",
    ),
    Claim(
        "mup_wider_is_better",
        "mup_vs_ntk",
        says="In μP, at fixed hyperparameters and steps, wider networks have lower loss.",
        measured=Estimated(_LOSS, _of("mup", loss_per_doubling)),
        expected=below(0),
        note=f"{_BEFORE}−0.07 (−0.13 … −0.01).",
    ),
    Claim(
        "mup_approaches_its_limit",
        "mup_vs_ntk",
        says="μP networks approach their infinite-width behaviour at practical widths.",
        measured=Estimated(
            "exponent in the width of the distance of the followed logits from the widest net's",
            _of("mup", logits_converge),
        ),
        expected=below(0),
    ),
    Claim(
        "ntk_networks_do_not",
        "mup_vs_ntk",
        says="NTK networks are, at practical widths, farther from what they are at large width than μP networks.",
        measured=Estimated(
            "log of the relative distance of the mean loss curves of the two widest nets, NTK over μP,",
            ntk_apart_over_mup,
        ),
        expected=above(0),
        note="The control of the claim on μP: the same nets and data, another rule. NTK nets, too, have a limit, but "
        "it is not that of a net that learns features, and the loss still rises from width to width.",
    ),
)
