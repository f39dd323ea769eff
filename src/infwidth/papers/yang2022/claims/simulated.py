"""Simulated width: a narrow net has the instability of a wide one.

Power, worked out before running: a grid of factor √2 places the largest stable rate of a net to half an octave, so that
the mean over two widths and four seeds is known to ±0.4 of an octave or better; an octave is the tolerance, and the
narrow net itself is two to three away from nets four and eight times as wide, if their rates fall as 1/n.
"""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Mean
from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.measured import against_narrow, against_real

_RATIO = "log₂ of the largest stable rate over that of wide nets in SP"


def _by_seed(rows: pd.DataFrame) -> pd.Series:
    """Return the mean over widths, a number a seed: nets of a seed share their batches."""
    return rows.groupby("seed").value.mean()


def _simulated(tables: Tables) -> pd.Series:
    return _by_seed(against_real(tables["simulated"], tables["mlp_sp"]))


def _narrow(tables: Tables) -> pd.Series:
    return _by_seed(against_narrow(tables["simulated"], tables["mlp_sp"]))


CLAIMS = (
    Claim(
        "simulated_width_is_as_unstable",
        "fig21",
        says="A narrow net in μP of a large base width turns unstable at the learning rate at which the standard "
        "parametrization's net of that width does.",
        measured=Mean(_RATIO, _simulated),
        expected=about(0, within=1),
        control=Mean(_RATIO, _narrow),
        note="A factor of two; the control is the narrow net in SP, whose rate is another.",
    ),
)
