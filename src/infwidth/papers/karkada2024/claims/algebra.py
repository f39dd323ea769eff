"""What the solver must return: the table of the post, the literature's end points, one degree of freedom, the gauge.

These are equalities of exact numbers; the statistic is the number of entries that differ.
"""

from collections.abc import Callable

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import equals
from infwidth.analysis.quantities import Exactly
from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import VERTICES, at_richness, exponent_table

# The post's picture of the STP gauge, as exponents of n (read-in, hidden, readout): at r = 0, and the coefficient of r.
_STP_TABLE = {
    "g_exponent": (0, 0, 0),
    "g_slope": (0, 0, 0),
    "sigma_exponent": (0, -1 / 2, -1 / 2),
    "sigma_slope": (0, 0, -1),
    "eta_exponent": (0, -1, -1),
    "eta_slope": (2, 2, 0),
}

# abc-parametrizations of the end points (W = n^-a w, w ~ N(0, n^-2b), rate n^-c): Yang & Hu 2021, Table 1 (NTP, μP),
# and mean field at two hidden layers from the gauge formulas of mupify.
_LITERATURE: dict[str, dict[str, tuple[float, ...]]] = {
    "NTP": {"a": (0, 1 / 2, 1 / 2), "b": (0, 0, 0), "c": (0, 0, 0)},
    "μP": {"a": (-1 / 2, 0, 1 / 2), "b": (1 / 2, 1 / 2, 1 / 2), "c": (0, 0, 0)},
    "MFP": {"a": (0, 1 / 2, 1), "b": (0, 0, 0), "c": (-1, -1, -1)},
}


def _wrong_entries_of_the_table(tables: Tables) -> float:
    solved = exponent_table(tables["family"]).loc["stp"]
    return sum((solved[metric].to_numpy() != entries).sum() for metric, entries in _STP_TABLE.items())


def _wrong_end_points(tables: Tables) -> float:
    exponents, wrong = exponent_table(tables["family"]), 0
    for name, expected in _LITERATURE.items():
        richness, gauge = VERTICES[name]
        point = at_richness(exponents, gauge, 0.5 if richness == "1/2" else 0.0)
        for letter, column in (("a", "g"), ("b", "sigma"), ("c", "eta")):
            wrong += int((-point[column].to_numpy() != expected[letter]).sum())
    return wrong


def _degrees_of_freedom(tables: Tables) -> float:
    freedom = tables["desiderata"].limit("freedom").sort_values("index").value
    n_layers = tables["desiderata"].limit("unknown").layer.str.split().str[1].nunique()
    return freedom.iloc[-1] - n_layers


def _gauge_dependence(tables: Tables) -> float:
    """Largest difference between gauges of g·sigma and g²·eta, as exponents at richness 0 and their slopes."""
    exponents = exponent_table(tables["family"])
    differences = []
    for part in ("exponent", "slope"):
        g, sigma, eta = (exponents[f"{name}_{part}"] for name in ("g", "sigma", "eta"))
        for invariant in (g + sigma, 2 * g + eta):
            by_layer = invariant.groupby("layer")
            differences.append((by_layer.max() - by_layer.min()).max())
    return max(differences)


def _distinct_vertices(tables: Tables) -> float:
    exponents = exponent_table(tables["family"])
    points = {
        (richness, *at_richness(exponents, gauge, 0.5 if richness == "1/2" else 0.0).g)
        for richness in ("0", "1/2")
        for gauge in tables["family"].values("gauge")
    }
    return len(points)


#: Figure, name, sentence, what is counted, and how much of it there has to be.
_STATEMENTS: tuple[tuple[str, str, str, str, Callable[[Tables], float], float], ...] = (
    (
        "stp_table",
        "table_of_the_post",
        "The desiderata give the table of the STP gauge: σ² = 1/d, 1/n, n^(−1−2r); η = n^(2r)/d, n^(2r−1), 1/n.",
        "entries that differ, of 18,",
        _wrong_entries_of_the_table,
        0,
    ),
    (
        "stp_table",
        "end_points_of_the_literature",
        "NTP, μP and mean field are end points of the richness family in its other two gauges.",
        "abc exponents that differ, of 27,",
        _wrong_end_points,
        0,
    ),
    (
        "derivation",
        "one_degree_of_freedom",
        "The desiderata leave one degree of freedom beside one gauge a layer.",
        "degrees of freedom minus layers",
        _degrees_of_freedom,
        1,
    ),
    (
        "gauges",
        "gauge_invariants",
        "A gauge moves a layer's (g, σ, η) to (g/θ, θσ, θ²η): gσ and g²η are the same in all gauges.",
        "largest difference of the exponents of gσ and g²η",
        _gauge_dependence,
        0,
    ),
    (
        "gauges",
        "five_vertices",
        "Three gauges at two ends of the richness scale are five parametrizations: two gauges meet in NTP.",
        "distinct points",
        _distinct_vertices,
        5,
    ),
)

CLAIMS = tuple(
    Claim(
        name,
        figure,
        says=says,
        measured=Exactly(counted, number),
        expected=equals(value),
        note="Exact rational arithmetic; the interval is the number itself.",
    )
    for figure, name, says, counted, number, value in _STATEMENTS
)
