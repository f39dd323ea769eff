"""Claims on infinite depth; intervals are from theory, with tolerances fixed before running."""

from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below, equals
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, PerDoubling, on
from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2023 import measured
from infwidth.papers.yang2023.limits import classify_depthwise

#: Of exponents in width and depth; of powers of the depth on the plane; of the feature diversity exponent.
RATE, POWER, DIVERSITY = 0.15, 0.1, 0.15


def _power_error(table: Table) -> float:
    """Return the largest difference of the measured power of L from 1 − α − γ, where layers are stable at the start."""
    grid = measured.plane(table)
    stable = grid[grid.alpha >= 0.5]
    return float((stable.growth - (1 - stable.alpha - stable.gamma)).abs().max())


def _misjudged_starts(table: Table) -> float:
    """Return at how many places the layers grow with the depth at the start, or not, against the classification."""
    grid = measured.plane(table)
    stable = [classify_depthwise(Fraction(alpha), Fraction(0)).stable_at_start for alpha in grid.alpha]
    return float(((grid.start_growth < 0.25).to_numpy() != np.array(stable)).sum())


def _exponents(name: str, tables: Tables) -> pd.DataFrame:
    table = tables[name]
    return measured.diversity_exponents(table, "relu", table.values("step")[-1])


CLAIMS = (
    Claim(
        "powers_of_the_plane",
        "fig1",
        says="A step of a residual net in the depthwise parametrization (α, γ) changes its output by a multiple of "
        "L^(1 − α − γ).",
        measured=Exactly(
            "largest error of the exponent in L of the change, over all α ≥ 1/2, by the last doubling of L,",
            on("depth_plane", _power_error),
        ),
        expected=below(POWER),
        note="Linear nets of infinite width, exact.",
    ),
    Claim(
        "stable_start",
        "fig1",
        says="Residual nets keep their size at initialisation as the depth grows if and only if α ≥ 1/2.",
        measured=Exactly(
            "number of places of the plane where the last layer's exponent in L is at least 1/4 against the rule",
            on("depth_plane", _misjudged_starts),
        ),
        expected=equals(0),
        note="Linear nets of infinite width, exact; by the last doubling of L.",
    ),
    Claim(
        "layers_converge",
        "fig8",
        says="The sizes of all layers of trained linear residual nets converge to their exact limit of infinite width "
        "as n^(−1/2).",
        measured=Exponent("the relative rms error of the sizes of the layers", measured.layer_errors),
        expected=about(-1 / 2, within=RATE),
        note="A first run with widths 64 to 512 and six seeds gave −0.52 ± 0.23; sixteen seeds of widths "
        "from 32 since.",
    ),
    Claim(
        "layers_in_depth",
        "fig9",
        says="The sizes of the layers of trained linear residual nets of infinite width converge in depth as 1/L.",
        measured=Estimated(
            "exponent in L, by its last two doublings, of the largest change of a size from depth L to 2L,",
            on("linear_depths", measured.rate_by_doublings),
        ),
        expected=about(-1, within=RATE),
        note="Exact numbers, no sample: the interval spans the two exponents.",
    ),
    Claim(
        "depth_mup_diverse",
        "fig17",
        says="Features of trained nets in Depth-μP differ along the depth as ε^(1/2), as those of a path with noise.",
        measured=Estimated(
            "exponent in ε of the distance of layers ε L apart, deepest ReLU nets after training,",
            on("feature_diversity", partial(measured.deepest_exponent, activation="relu")),
        ),
        expected=about(1 / 2, within=DIVERSITY),
        control=Estimated(
            "the same of (1, 0)", on("ode_diversity", partial(measured.deepest_exponent, activation="relu"))
        ),
        note="Steps and the range of ε, to 1/8, were chosen after a picture of 50 steps and ε to 1/4.",
    ),
    Claim(
        "ode_less_diverse_deeper",
        "fig17",
        says="In the parametrization (1, 0) of an ODE the exponent in ε of the distance of layers rises with "
        "the depth.",
        measured=PerDoubling(
            "the exponent of trained ReLU nets", partial(_exponents, "ode_diversity"), axis="n_blocks"
        ),
        expected=above(0),
    ),
)
