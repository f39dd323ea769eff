"""Claims of the slides: verdicts and geometry are exact; tolerances of measured ones were fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, equals
from infwidth.analysis.quantities import Exactly, Exponent, nets
from infwidth.analysis.table import NotTestableError, Tables
from infwidth.papers.yang2021slides.measured import difference_from_start
from infwidth.topics.dichotomy.measures import VANISHES, named_points

#: Of the exponent −1/2, and of trajectories of one training in two gauges (reading notes, oracles 5 and 1).
TOLERANCE = 0.1
PRECISION = 1e-10

_EXACT = "Exact rational arithmetic; the interval is the number itself."
#: What the slides say of each, with one hidden layer and with more.
_VERDICTS = {
    "sp": ("unstable", "unstable"),
    "sp_lr": ("kernel", "kernel"),
    "ntk": ("kernel", "kernel"),
    "mf_as_written": ("feature learning", VANISHES),
    "mup": ("feature learning", "feature learning"),
}


def _wrong_verdicts(tables: Tables) -> int:
    points = named_points(tables["depths"].at(rule=tuple(_VERDICTS)))
    if missing := sorted({*_VERDICTS} - {rule for rule, _ in points}):
        raise NotTestableError(f"The table of depths has no {', '.join(missing)}.")
    return sum(point.fate != _VERDICTS[rule][n_hidden > 1] for (rule, n_hidden), point in points.items())


def _differences(tables: Tables, moved: str) -> pd.Series:
    """Return for every rule the largest relative difference of outputs from those at θ = 0."""
    return difference_from_start(tables[moved], tables["gauge_orbit"]).groupby("rule").value.max()


CLAIMS = (
    Claim(
        "verdicts_at_any_depth",
        "table_abc",
        says="SP at rate 1/n and NTP are kernels, μP learns features and SP is unstable at any depth; mean field, 1/n "
        "in every layer, learns features with one hidden layer only.",
        measured=Exactly("verdicts that differ, of 20,", _wrong_verdicts),
        expected=equals(0),
        note=f"{_EXACT} 1, 2, 3 and 5 hidden layers. With more than one, activations of mean field vanish at "
        "initialization: the cross in the slides' row 'any depth'. Before, mean field was continued in the gauge of "
        "μP, 1/√n between hidden layers, which learns features at any depth and is not what the slides have.",
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
