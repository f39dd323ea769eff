"""Claims of the slides: verdicts and geometry are exact; tolerances of measured ones were fixed before running."""

from infwidth.analysis.claims import Claim, Tables
from infwidth.analysis.statistics import Estimate, exact, exponent
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


def _wrong_verdicts(tables: Tables) -> Estimate:
    points = named_points(tables["depths"])
    return exact(sum(point.verdict != _VERDICTS[rule] for (rule, _), point in points.items()))


def _neither_or_both(tables: Tables) -> Estimate:
    points = grid(tables["polyhedron"])
    stable = points[(points.s >= 1 / 2) & (points.v >= 1) & (points.r >= 0) & (points.s + points.r >= 1)]
    moving = stable[(stable.v == 1) | (stable.s + stable.r == 1)]
    expected = moving.r.map(lambda r: "feature learning" if r == 0 else "kernel")
    still = stable.drop(moving.index)
    return exact((moving.verdict != expected).sum() + (still.verdict != "trivial").sum())


def _rate(metric: str, tables: Tables) -> Estimate:
    table = tables["linear_limit"]
    return exponent(table[table.metric == metric])


def _largest_difference(tables: Tables, moved: str) -> Estimate:
    difference = difference_from_start(tables[moved], tables["gauge_orbit"])
    # The control has to fail for every rule, the gauge change to hold for every one.
    by_rule = difference.groupby("rule").value.max()
    return exact(by_rule.max() if moved == "gauge_orbit" else by_rule.min())


def _rate_claim(name: str, metric: str, statement: str) -> Claim:
    return Claim(
        figure="linear_limit",
        name=name,
        statement=statement,
        expected=f"exponent in n = -1/2 ± {TOLERANCE}",
        accept=(-0.5 - TOLERANCE, -0.5 + TOLERANCE),
        measure=lambda tables: _rate(metric, tables),
    )


CLAIMS = (
    Claim(
        figure="table_abc",
        name="verdicts_at_any_depth",
        statement="At any depth SP at rate 1/n and NTP are kernels, μP and mean field learn features, SP is unstable.",
        expected="verdicts that differ = 0 of 20",
        accept=(0, 0),
        measure=_wrong_verdicts,
        note=f"{_EXACT} 1, 2, 3 and 5 hidden layers.",
    ),
    Claim(
        figure="dichotomy",
        name="dichotomy",
        statement="A stable nontrivial parametrization learns features (r = 0) or is a kernel limit (r > 0).",
        expected="stable points of the grid with another verdict = 0",
        accept=(0, 0),
        measure=_neither_or_both,
        note=_EXACT,
    ),
    _rate_claim(
        "finite_nets_converge",
        "trained_deviation",
        "Linear μP nets converge to the infinite net given by A, B, C, D, as n^(-1/2).",
    ),
    _rate_claim(
        "sampled_nets_converge",
        "sampled_deviation",
        "So do nets whose neurons are drawn from the infinite net after its training.",
    ),
    Claim(
        figure="degeneracy",
        name="gauge_keeps_the_function",
        statement="a + θ, b − θ, c − 2θ leaves the function unchanged at all times of training.",
        expected=f"largest relative difference of outputs in 20 steps ≤ {PRECISION:g}",
        accept=(0.0, PRECISION),
        measure=lambda tables: _largest_difference(tables, "gauge_orbit"),
        note="θ from −2 to 2, same initial normals, double precision; the interval is the number itself.",
    ),
    Claim(
        figure="degeneracy",
        name="rate_has_to_follow",
        statement="It does not if c stays where it was.",
        expected="largest relative difference of outputs in 20 steps > 0.001, for each parametrization",
        accept=(1e-3, float("inf")),
        measure=lambda tables: _largest_difference(tables, "forgotten_rate"),
        note="θ = 1/8; the smallest of NTP and μP.",
    ),
)
