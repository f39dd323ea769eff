"""Claims on the mean-field limit; intervals are from theory, with tolerances fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exactly, Exponent, Mean, nets
from infwidth.analysis.statistics import exponent
from infwidth.analysis.table import Tables
from infwidth.papers.mei2018.measured import gap_of_reduced, initial_risk

#: Of the rates; and of risks, relative to the initial one: the fluctuations of 800 units, with a margin of two.
RATE, RISK = 0.15, 0.02


def _final_gap(tables: Tables) -> pd.Series:
    final = tables["particles"].at(width=max).at_end()
    gap = final.nets("risk").value - final.limit("limit_risk").value.item()
    return gap / initial_risk(tables["particles"])


def _rate_of_reduced(tables: Tables) -> float:
    return exponent(gap_of_reduced(tables["reduced"]).assign(seed=0), x="dimension").value


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
        note="The noise of SGD adds to it at any width; nets of one width differ much.",
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
        measured=Exactly("exponent in the dimension d of the largest gap of the risk", _rate_of_reduced),
        expected=about(-1, within=RATE),
        note="Two equations compared; the interval is the number itself. Close to the edge: before t = 4 the gap falls "
        "as 1/d, but it is largest late, when a part of the units has turned back to zero, and falls slower there.",
    ),
)
