"""Where the best learning rate goes as the width grows."""

import numpy as np

from infwidth.analysis.claims import ABOVE_ZERO, Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, change_per_doubling
from infwidth.papers.karkada2024.measured import TOLERANCE, best_rates


def _drift(tables: Tables, richness: str) -> Estimate:
    best = best_rates(tables["lr_sweep"])
    chosen = best[best.richness == richness]
    if chosen.width.nunique() < 2:
        raise NotTestableError(f"Richness {richness} is not run at this scale.")
    return change_per_doubling(chosen.assign(value=np.log2(chosen.lr)))


CLAIMS = (
    Claim(
        figure="lr_transfer",
        name="ntp_optimum_drifts",
        statement="In NTP the best learning rate grows with width.",
        expected="change of log₂ of the best rate per doubling of the width > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: _drift(tables, "0"),
    ),
    Claim(
        figure="lr_transfer",
        name="mup_optimum_stays",
        statement="In μP the best learning rate does not depend on the width.",
        expected=f"change of log₂ of the best rate per doubling of the width = 0 ± {TOLERANCE}",
        accept=(-TOLERANCE, TOLERANCE),
        measure=lambda tables: _drift(tables, "1/2"),
        note="The best rate is a point of the grid, found for each seed; one grid step is half a doubling.",
    ),
)
