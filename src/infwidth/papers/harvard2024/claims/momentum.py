"""The best momentum over widths; the tolerance is that of learning rates: one step of the grid over three doublings.

At a fixed rate momentum m raises what a step does in the end by 1/(1 − m). The best of these follows the largest rates
that train: in SP it falls with the width, up to one power, in μP it stays.
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


def _drift(tables: Tables, rule: str, allow_edges: bool) -> Estimate:
    return drift(by_momentum(tables["momentum_sweep"], rule), metric="train_loss", allow_edges=allow_edges)


CLAIMS = (
    Claim(
        "momentum_transfers_in_mup",
        "momentum_transfer",
        says="In μP the best momentum of narrow nets stays the best for wider ones.",
        measured=Estimated(
            "change of log₂ of the best 1/(1 − momentum) per doubling of the width in μP",
            partial(_drift, rule="mup", allow_edges=False),
        ),
        expected=about(0, within=_STAYS),
    ),
    Claim(
        "momentum_does_not_transfer_in_sp",
        "momentum_transfer",
        says="In the standard parametrization the best momentum falls with the width (the control of the claim on μP).",
        measured=Estimated(
            "change of log₂ of the best 1/(1 − momentum) per doubling of the width in SP",
            partial(_drift, rule="sp", allow_edges=True),
        ),
        expected=below(-_STAYS),
        note="Where no momentum at all is best that is a bound, and the true change is larger.",
    ),
)
