"""Claims on the mean-field limit; intervals are from theory, with tolerances fixed before running."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Estimated, Exponent, Mean, nets, on
from infwidth.analysis.statistics import Estimate, exponent
from infwidth.analysis.table import Table, Tables
from infwidth.papers.mei2018.measured import gap_of_reduced, initial_risk

#: Of the rates; and of risks, relative to the initial one: the fluctuations of 800 units, with a margin of two.
RATE, RISK = 0.15, 0.02


def _final_gap(tables: Tables) -> pd.Series:
    final = tables["particles"].at(width=max).at_end()
    gap = final.nets("risk").value - final.limit("limit_risk").value.item()
    return gap / initial_risk(tables["particles"])


def _rate_of_reduced(reduced: Table) -> Estimate:
    gap = gap_of_reduced(reduced)
    rates = np.diff(np.log(gap.value)) / np.diff(np.log(gap.dimension))
    return Estimate(exponent(gap.assign(seed=0), x="dimension").value, rates.min(), rates.max(), 1)


CLAIMS = (
    Claim(
        "function_converges",
        "radial",
        says="Trained two-layer nets converge to their mean-field limit as N^(−1/2).",
        measured=Exponent("the rms distance of final functions", nets("particles", "distance", at_end=True)),
        expected=about(-1 / 2, within=RATE),
        note="The noise of SGD, by the paper's bound of order √(εd), adds to it at any width.",
    ),
    Claim(
        "radii_converge",
        "radial",
        says="The radii of the units of trained two-layer nets converge to their mean-field distribution as N^(−1/2).",
        measured=Exponent("the Wasserstein distance of final radii", nets("particles", "wasserstein", at_end=True)),
        expected=about(-1 / 2, within=RATE),
        note="The noise of SGD adds to it at any width, less at workstation scale; nets of a width differ by a third.",
    ),
    Claim(
        "final_risk",
        "radial",
        says="The risk of the widest two-layer nets after training is that of their mean-field limit.",
        measured=Mean("risk less that of the limit, relative to the initial one,", _final_gap),
        expected=about(0, within=RISK),
        note="Limit for the dimension of the inputs, both risks on the same points.",
    ),
    Claim(
        "reduced_dynamics",
        "radial",
        says="The reduced dynamics of the mean-field limit are its limit of high dimension.",
        measured=Estimated(
            "exponent in the dimension d of the gap of the risk, averaged over time,", on("reduced", _rate_of_reduced)
        ),
        expected=about(-1, within=RATE),
        note="Two equations compared, no sample: the interval spans the exponents of successive doublings of d. "
        "Corrected after seeing; before: the largest gap over time, −0.86 with no interval (−0.99 … −0.80 by "
        "doublings), which is at time zero for small d and late for large d, when a part of the units has turned back.",
    ),
)
