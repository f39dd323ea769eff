"""Where the best learning rate goes as the width grows."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import PerDoubling, on
from infwidth.analysis.table import Table
from infwidth.papers.karkada2024.measured import TOLERANCE, best_rates


def _log_rates(richness: str) -> PerDoubling:
    def rows(lr_sweep: Table) -> pd.DataFrame:
        best = best_rates(lr_sweep.at(richness=richness))
        return best.assign(value=np.log2(best.lr))

    return PerDoubling("log₂ of the best rate", on("lr_sweep", rows))


CLAIMS = (
    Claim(
        "ntp_optimum_drifts",
        "lr_transfer",
        says="In NTP the best learning rate grows with width.",
        measured=_log_rates("0"),
        expected=above(0),
    ),
    Claim(
        "mup_optimum_stays",
        "lr_transfer",
        says="In μP the best learning rate does not depend on the width.",
        measured=_log_rates("1/2"),
        expected=about(0, within=TOLERANCE),
        note="The best rate is a point of the grid, found for each seed; one grid step is half a doubling.",
    ),
)
