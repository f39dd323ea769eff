"""Claims on the mean-field limit; intervals are from theory, with tolerances fixed before running."""

from infwidth.analysis.claims import Claim, Tables
from infwidth.analysis.statistics import Estimate, exact, exponent, mean_over_seeds
from infwidth.papers.mei2018.measured import at_the_end, gap_of_reduced, initial_risk

#: Of the rates; and of risks, relative to the initial one: the fluctuations of 800 units, with a margin of two.
RATE_TOLERANCE = 0.15
RISK_TOLERANCE = 0.02


def _final_gap(tables: Tables) -> Estimate:
    table = tables["particles"]
    widest = at_the_end(table[table.width == table.width.max()])
    limit = widest[widest.metric == "limit_risk"].value.item()
    return mean_over_seeds((widest[widest.metric == "risk"].value.to_numpy() - limit) / initial_risk(table))


def _rate(tables: Tables, metric: str) -> Estimate:
    final = at_the_end(tables["particles"])
    return exponent(final[final.metric == metric])


def _rate_of_reduced(tables: Tables) -> Estimate:
    gap = gap_of_reduced(tables["reduced"])
    return exact(exponent(gap.assign(seed=-1), x="dimension").value)


CLAIMS = (
    Claim(
        figure="radial",
        name="function_converges",
        statement="Trained nets converge to the mean-field limit as N^(-1/2).",
        expected=f"exponent in N of the rms distance of the functions at the end = -1/2 ± {RATE_TOLERANCE}",
        accept=(-0.5 - RATE_TOLERANCE, -0.5 + RATE_TOLERANCE),
        measure=lambda tables: _rate(tables, "distance"),
        note="The noise of SGD, by the paper's bound of order √(εd), adds to it at any width.",
    ),
    Claim(
        figure="radial",
        name="radii_converge",
        statement="So do the radii of their units.",
        expected=f"exponent in N of the Wasserstein distance at the end = -1/2 ± {RATE_TOLERANCE}",
        accept=(-0.5 - RATE_TOLERANCE, -0.5 + RATE_TOLERANCE),
        measure=lambda tables: _rate(tables, "wasserstein"),
        note="The noise of SGD adds to it at any width; nets of one width differ much.",
    ),
    Claim(
        figure="radial",
        name="final_risk",
        statement="The risk of the widest nets at the end is that of the limit.",
        expected=f"risk less that of the limit, relative to the initial one = 0 ± {RISK_TOLERANCE}",
        accept=(-RISK_TOLERANCE, RISK_TOLERANCE),
        measure=_final_gap,
        note="Limit for the dimension of the inputs, both risks on the same points.",
    ),
    Claim(
        figure="radial",
        name="reduced_dynamics",
        statement="The reduced dynamics are the limit of high dimension.",
        expected=f"exponent in d of the largest gap of the risk = -1 ± {RATE_TOLERANCE}",
        accept=(-1 - RATE_TOLERANCE, -1 + RATE_TOLERANCE),
        measure=_rate_of_reduced,
        note="Two equations compared; the interval is the number itself. Close to the edge: before t = 4 the gap falls "
        "as 1/d, but it is largest late, when a part of the units has turned back to zero, and falls slower there.",
    ),
)
