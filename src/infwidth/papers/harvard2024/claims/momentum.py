"""The best momentum over widths; the tolerance is that of learning rates: one step of the grid over three doublings.

At a fixed rate momentum m raises what a step does in the end by 1/(1 − m). Before running we thought that the best of
these follows the largest rates that train, which fall in SP. It need not: gradient descent with momentum is stable up
to a rate of 2 (1 + m)/λ, which hardly depends on m.
"""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, below
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.quantities import Estimated
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import by_momentum

_STAYS = 1 / 3


def _drift(tables: Tables, rule: str) -> Estimate:
    return drift(by_momentum(tables["momentum_sweep"], rule), metric="train_loss", allow_edges=rule == "sp")


_IN_SP = Estimated(
    "change of log₂ of the best 1/(1 − momentum) per doubling of the width in SP", partial(_drift, rule="sp")
)

CLAIMS = (
    Claim(
        "momentum_transfers_in_mup",
        "momentum_transfer",
        says="In μP the best momentum of narrow nets stays the best for wider ones.",
        measured=Estimated(
            "change of log₂ of the best 1/(1 − momentum) per doubling of the width in μP",
            partial(_drift, rule="mup"),
        ),
        expected=about(0, within=_STAYS),
        control=_IN_SP,
    ),
    Claim(
        "momentum_does_not_transfer_in_sp",
        "momentum_transfer",
        says="In the standard parametrization the best momentum falls with the width (the control of the claim on μP).",
        measured=_IN_SP,
        expected=below(-_STAYS),
        note="The expectation was ours and was wrong: with momentum m gradient descent is stable up to 2 (1 + m)/λ, so "
        "that a growing λ limits the rate, and hardly the momentum.",
    ),
)
