"""Claims of the slides: verdicts and geometry are exact; tolerances of measured ones were fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, equals
from infwidth.analysis.quantities import Exactly, Exponent, nets
from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import difference_from_start
from infwidth.topics.dichotomy.measures import grid, named_points

#: Of the exponent −1/2, and of trajectories of one training in two gauges (reading notes, oracles 5 and 1).
TOLERANCE = 0.1
PRECISION = 1e-10

_EXACT = "Exact rational arithmetic; the interval is the number itself."
_VERDICTS = {
    "sp": "unstable",
    "sp_lr": "kernel",
    "ntk": "kernel",
    "mf": "feature learning",
    "mup": "feature learning",
}


def _wrong_verdicts(tables: Tables) -> int:
    points = named_points(tables["depths"])
    return sum(point.verdict != _VERDICTS[rule] for (rule, _), point in points.items())


def _neither_or_both(tables: Tables) -> int:
    points = grid(tables["polyhedron"])
    stable = points[(points.s >= 1 / 2) & (points.v >= 1) & (points.r >= 0) & (points.s + points.r >= 1)]
    moving = stable[(stable.v == 1) | (stable.s + stable.r == 1)]
    expected = moving.r.map(lambda r: "feature learning" if r == 0 else "kernel")
    still = stable.drop(moving.index)
    return (moving.verdict != expected).sum() + (still.verdict != "trivial").sum()


def _differences(tables: Tables, moved: str) -> pd.Series:
    """Return for every rule the largest relative difference of outputs from those at θ = 0."""
    return difference_from_start(tables[moved], tables["gauge_orbit"]).groupby("rule").value.max()


CLAIMS = (
    Claim(
        "verdicts_at_any_depth",
        "table_abc",
        says="At any depth SP at rate 1/n and NTP are kernels, μP and mean field learn features, SP is unstable.",
        measured=Exactly("verdicts that differ, of 20,", _wrong_verdicts),
        expected=equals(0),
        note=f"{_EXACT} 1, 2, 3 and 5 hidden layers.",
    ),
    Claim(
        "dichotomy",
        "dichotomy",
        says="A stable nontrivial parametrization learns features (r = 0) or is a kernel limit (r > 0).",
        measured=Exactly("stable points of the grid with another verdict", _neither_or_both),
        expected=equals(0),
        note=_EXACT,
    ),
    Claim(
        "finite_nets_converge",
        "linear_limit",
        says="Linear μP nets converge to the infinite net given by A, B, C, D, as n^(−1/2).",
        measured=Exponent("the deviation of trained nets", nets("linear_limit", "trained_deviation")),
        expected=about(-1 / 2, within=TOLERANCE),
    ),
    Claim(
        "sampled_nets_converge",
        "linear_limit",
        says="Nets of neurons drawn from the infinite linear μP net after its training converge to it as n^(−1/2).",
        measured=Exponent("the deviation of nets drawn from the limit", nets("linear_limit", "sampled_deviation")),
        expected=about(-1 / 2, within=TOLERANCE),
    ),
    Claim(
        "gauge_keeps_the_function",
        "degeneracy",
        says="Changing a, b, c to a + θ, b − θ, c − 2θ leaves the function unchanged at all times of training.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps",
            lambda tables: _differences(tables, "gauge_orbit").max(),
        ),
        expected=at_most(PRECISION),
        note="θ from −2 to 2, same initial normals, double precision; the interval is the number itself.",
    ),
    Claim(
        "rate_has_to_follow",
        "degeneracy",
        says="Changing a, b to a + θ, b − θ does not leave the function unchanged if c stays where it was.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps, of the parametrization with the smallest,",
            lambda tables: _differences(tables, "forgotten_rate").min(),
        ),
        expected=above(1e-3),
        note="θ = 1/8; the smallest of NTP and μP.",
    ),
)
