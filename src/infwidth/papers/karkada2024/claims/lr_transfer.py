"""Where the best learning rate goes as the width grows."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.quantities import Estimated, on
from infwidth.papers.karkada2024.measured import CHANCE, TOLERANCE


def _drift(table: str) -> Estimated:
    return Estimated(
        "change of log₂ of the best rate per doubling of the width", on(table, partial(drift, chance=CHANCE))
    )


_CORRECTED = (
    "Corrected after seeing: the optimum is fitted to the mean over seeds of the losses; before, it was for each seed "
    "the lowest point of the grid, and"
)

CLAIMS = (
    Claim(
        "ntp_optimum_drifts",
        "lr_transfer",
        says="In NTP the best learning rate grows with width.",
        measured=_drift("lr_sweep_ntp"),
        expected=above(0),
        note=f"{_CORRECTED} 0.14 (−0.18 … 0.46). It grows by less and less: the lazy limit has an optimum too.",
    ),
    Claim(
        "mup_optimum_stays",
        "lr_transfer",
        says="In μP the best learning rate does not depend on the width.",
        measured=_drift("lr_sweep_mup"),
        expected=about(0, within=TOLERANCE),
        control=_drift("lr_sweep_ntp"),
        note=f"{_CORRECTED} −0.10 (−0.21 … 0.01); fitted, the same nets give −0.035 (−0.087 … 0.016).",
    ),
)
