"""The exact part: exponents, gauge, classification and derivation, against the papers' tables."""

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infwidth.errors import SpecError
from infwidth.parametrization import (
    ABC,
    GAUGES,
    RULES,
    Layer,
    LayerScaling,
    classify,
    explain,
    exponents,
    rescale,
    solve,
    transform,
)
from infwidth.parametrization.solver import UNKNOWNS, as_abc, desiderata, family

half = Fraction(1, 2)
rationals = st.fractions(min_value=-2, max_value=2, max_denominator=8)
richnesses = st.fractions(min_value=0, max_value=half, max_denominator=12)


def abc(a, b, c) -> ABC:
    return ABC(*(tuple(Fraction(x) for x in entries) for entries in (a, b, c)))


# ---- exponents: Yang & Hu 2021, Table 1 (2 hidden layers, mean field: 1), Thm G.4; Karkada 2024, STP table


@pytest.mark.parametrize(
    ("rule", "n_hidden", "a", "b", "c"),
    [
        ("sp", 2, [0, 0, 0], [0, half, half], [0, 0, 0]),
        ("sp_lr", 2, [0, 0, 0], [0, half, half], [1, 1, 1]),
        ("ntk", 2, [0, half, half], [0, 0, 0], [0, 0, 0]),
        ("mf", 1, [0, 1], [0, 0], [-1, -1]),
        ("mf", 2, [0, half, 1], [0, 0, 0], [-1, -1, -1]),
        ("mup", 1, [-half, half], [half, half], [0, 0]),
        ("mup", 3, [-half, 0, 0, half], [half] * 4, [0] * 4),
    ],
)
def test_named_rules_are_the_table_of_tp4(rule, n_hidden, a, b, c):
    assert exponents(rule, n_hidden) == abc(a, b, c)


@pytest.mark.parametrize("r", [Fraction(0), Fraction(1, 8), Fraction(1, 4), half])
def test_uniform_family_is_theorem_g4(r):
    assert exponents("mup_gauge", 3, richness=half - r) == abc([r - half, r, r, half], [half - r] * 4, [0] * 4)


@pytest.mark.parametrize("rho", [Fraction(0), Fraction(1, 4), half])
def test_stp_gauge_is_karkadas_table(rho):
    expected = abc([0, 0, 0], [0, half, half + rho], [-2 * rho, 1 - 2 * rho, 1])
    assert exponents("stp", 2, richness=rho) == expected


@pytest.mark.parametrize("rule", ["mup", "ntk", "mf"])
def test_named_rules_are_vertices_of_the_family(rule):
    laziness = half if rule == "ntk" else Fraction(0)
    stp = exponents("stp", 3, richness=half - laziness)
    assert exponents(rule, 3).native() == stp.native()
    assert exponents(rule, 3) != stp


def test_adam_is_table_3_and_table_9_of_tp5():
    assert exponents("mup", 2, optimizer="adam").native("adam").lr == (0, 1, 1)  # Table 3
    assert exponents("mup", 2, optimizer="adam").c == (half, 1, half)  # Table 9
    assert exponents("ntk", 2, optimizer="adam").native("adam").lr == (half, Fraction(3, 2), 1)
    assert exponents("sp", 2, optimizer="adam").native("adam").lr == (0, 0, 0)
    assert exponents("sp_lr", 2, optimizer="adam").native("adam").lr == (1, 1, 1)


def test_native_exponents_of_mup_are_table_3():
    assert exponents("mup", 2).native("sgd") == ((0, half, 1), (-1, 0, 1))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"rule": "muP"}, "did you mean 'mup'"),
        ({"rule": "stp"}, "needs richness"),
        ({"rule": "mup", "richness": 0}, "takes no richness"),
        ({"rule": "stp", "richness": 0.25}, 'write it as "1/4"'),
        ({"rule": "stp", "richness": "a/b"}, "no exact rational"),
        ({"rule": "stp", "richness": "1/0"}, "no exact rational"),
        ({"rule": "stp", "richness": True}, "no exact rational"),
        ({"rule": "stp", "richness": "3/4"}, "gradients explode in training"),
        ({"rule": "stp", "richness": "-1/4"}, "output explodes at initialisation"),
        ({"rule": "mup", "n_hidden": 0}, "at least one hidden layer"),
        ({"rule": "mup", "n_hidden": 2.0}, "at least one hidden layer"),
        ({"rule": "mup", "optimizer": "sdg"}, "did you mean 'sgd'"),
    ],
)
def test_exponents_refuses(kwargs, message):
    with pytest.raises(SpecError, match=message):
        exponents(**{"n_hidden": 2} | kwargs)


def test_rationals_may_be_written_in_several_ways():
    assert exponents("stp", 2, richness="1/4") == exponents("stp", 2, richness=Fraction(1, 4))
    assert exponents("stp", 2, richness=0.0) == exponents("stp", 2, richness=0)
    assert exponents("stp", 2, richness="3/4", allow_unstable=True).b[-1] == Fraction(5, 4)


def test_abc_refuses_ragged_and_empty():
    with pytest.raises(SpecError, match="one entry per weight"):
        abc([0, 0], [0, 0], [0])
    with pytest.raises(SpecError, match="at least two"):
        abc([0], [0], [0])


# ---- classification: Yang & Hu 2021, Def. 3.2, Thms 3.3, 3.4, 3.6, 3.8, the rows of Table 1


@pytest.mark.parametrize(
    ("rule", "n_hidden", "r", "feature_learning"),
    [("sp_lr", 2, half, False), ("ntk", 2, half, False), ("mf", 1, 0, True), ("mf", 4, 0, True), ("mup", 3, 0, True)],
)
def test_classification_of_table_1(rule, n_hidden, r, feature_learning):
    p = exponents(rule, n_hidden)
    found = classify(p.a, p.b, p.c[0])
    assert (found.r, found.stable, found.nontrivial, found.violations) == (r, True, True, ())
    assert (found.feature_learning, found.kernel_regime) == (feature_learning, not feature_learning)
    # "2a_{L+1}+c ; a_{L+1}+b_{L+1}+r" are 1 ; 1 in every column of the table
    assert (2 * p.a[-1] + p.c[0], p.a[-1] + p.b[-1] + found.r) == (1, 1)


@given(r=richnesses, n_hidden=st.integers(1, 4))
def test_uniform_family_moves_features_by_r(r, n_hidden):
    p = exponents("mup_gauge", n_hidden, richness=half - r)
    found = classify(p.a, p.b, 0)
    assert found.r == r
    assert found.nontrivial
    assert found.feature_learning == (r == 0)
    assert found.kernel_regime == (r > 0)


def test_standard_parametrization_with_constant_rate_is_unstable():
    p = exponents("sp", 2)
    found = classify(p.a, p.b, p.c)
    assert (found.r, found.stable) == (-1, False)
    assert (found.nontrivial, found.feature_learning, found.kernel_regime) == (False, False, False)
    assert any("features explode" in words for words in found.violations)


@pytest.mark.parametrize(
    ("a", "b", "c", "words"),
    [
        ([half, half, half], [0, 0, 0], 0, "layer 1 vanish"),
        ([0, 0, half], [0, 0, 0], 0, "layer 2 explode"),
        ([0, half, 0], [0, 0, 0], 1, "readout is 0 < 1/2"),
        ([0, half, half], [0, 0, 0], -1, "2a+c of the readout is 0"),
        ([0, half, half], [0, 0, 0], Fraction(-1, 4), "a+b+r of the readout is 3/4"),
        ([0, half, half], [0, 0, 0], -half, "a+b+r of the readout is 1/2"),  # here r = 0
        ([0, half, half], [0, 0, 0], 1, "does not move"),
    ],
)
def test_violations_are_named(a, b, c, words):
    found = classify(a, b, c)
    assert (found.nontrivial, found.feature_learning, found.kernel_regime) == (False, False, False)
    assert found.stable == (words == "does not move")
    assert any(words in violation for violation in found.violations)


@given(
    a=st.lists(rationals, min_size=3, max_size=3),
    b=st.lists(rationals, min_size=3, max_size=3),
    c=rationals,
    theta=rationals,
    thetas=st.lists(rationals, min_size=3, max_size=3),
)
def test_classification_does_not_depend_on_the_gauge(a, b, c, theta, thetas):
    plain = classify(a, b, c)
    for shift in (theta, thetas):
        moved = transform(abc(a, b, [c] * 3), shift)
        other = classify(moved.a, moved.b, moved.c)
        assert (other.r, other.stable, other.nontrivial) == (plain.r, plain.stable, plain.nontrivial)
    # r as printed in Def. 3.2, with the one c it is defined for
    printed = min(a[2] + b[2], 2 * a[2] + c) + c - 1 + min(2 * a[0] + 1, 2 * a[1])
    assert plain.r == printed


# ---- gauge


@given(
    theta=rationals,
    rule=st.sampled_from(["sp", "sp_lr", "ntk", "mf", "mup"]),
    optimizer=st.sampled_from(["sgd", "adam"]),
)
def test_gauge_keeps_native_exponents(theta, rule, optimizer):
    p = exponents(rule, 2, optimizer=optimizer)
    moved = transform(p, theta, optimizer)
    assert moved.native(optimizer) == p.native(optimizer)
    assert moved.a[0] == p.a[0] + theta
    assert transform(moved, -theta, optimizer) == p


def test_rescaling_one_layer():
    layer = Layer(*map(Fraction, (1, 2, 3, 4, 5)))
    assert rescale(layer, Fraction(2)) == (half, 4, 12, 1, Fraction(5, 2))
    assert rescale(layer, Fraction(2), "adam") == (half, 4, 6, 2, Fraction(5, 2))
    assert rescale(rescale(layer, Fraction(7)), Fraction(1, 7)) == layer


def test_theta_per_layer_has_to_fit():
    with pytest.raises(SpecError, match="2 entries for 3 layers"):
        transform(exponents("mup", 2), [0, 1])


# ---- derivation


@pytest.mark.parametrize("n_hidden", [1, 2, 3, 6])
def test_one_degree_of_freedom_beyond_the_gauge(n_hidden):
    depth = n_hidden + 1
    space = family(n_hidden)
    assert len(space.directions) == depth + 1
    rows = desiderata(n_hidden)
    for layer in range(1, depth + 1):
        gauge = {("g", layer): -1, ("sigma", layer): 1, ("eta", layer): 2}
        for row in rows:
            assert sum(value * gauge.get(column, 0) for column, value in row.terms.items()) == 0
    for direction in space.directions:
        for row in rows:
            assert (
                sum(v * direction[5 * (layer - 1) + UNKNOWNS.index(name)] for (name, layer), v in row.terms.items())
                == 0
            )
    # Karkada's own count: in one gauge per layer, 9 unknowns and 8 conditions for 3 layers leave one
    assert len(rows) == 5 * depth - len(space.directions)


@given(rho=rationals, n_hidden=st.integers(1, 5), gauge=st.sampled_from(GAUGES))
def test_derivation_gives_the_closed_forms(rho, n_hidden, gauge):
    assert as_abc(solve(n_hidden, rho, gauge)) == exponents(gauge, n_hidden, richness=rho, allow_unstable=True)


def test_derivation_gives_the_five_vertices():
    # Karkada 2024: g ~ |Δh|/√n, g_3 ~ 1/√n, sigma ~ 1/|Δh| in the gauge of equal learning rates, and the prism
    assert solve(2, half, "mup_gauge") == (
        LayerScaling(half, -half, Fraction(0)),
        LayerScaling(Fraction(0), -half, Fraction(0)),
        LayerScaling(-half, -half, Fraction(0)),
    )
    vertices = {
        "NTP-lr": ("stp", 0),
        "NTP": ("rescaling_gauge", 0),
        "muP-lr": ("stp", half),
        "muP": ("mup_gauge", half),
        "MFP": ("rescaling_gauge", half),
    }
    found = {name: as_abc(solve(2, rho, gauge)) for name, (gauge, rho) in vertices.items()}
    assert len(set(found.values())) == 5
    assert found["NTP"] == exponents("ntk", 2) == as_abc(solve(2, 0, "mup_gauge"))
    assert found["muP"] == exponents("mup", 2)
    assert found["MFP"] == exponents("mf", 2)
    assert found["NTP-lr"].native() == found["NTP"].native()
    assert found["muP-lr"].native() == found["muP"].native() == found["MFP"].native()


def test_solver_refuses():
    with pytest.raises(SpecError, match="without hidden layers"):
        solve(0, 0, "stp")
    with pytest.raises(SpecError, match="no exact rational"):
        solve(2, 0.3, "stp")
    with pytest.raises(SpecError, match="did you mean 'mup_gauge'"):
        solve(2, 0, "mup-gauge")


@pytest.mark.parametrize("rho", [Fraction(n, 8) for n in range(-4, 9)])
def test_explanation_agrees_with_the_classification(rho):
    p = exponents("mup_gauge", 2, richness=rho, allow_unstable=True)
    words = explain(rho)
    assert classify(p.a, p.b, p.c).stable == ("stable" in words) == (0 <= rho <= half)
    assert ("outputs explode" in words) == (rho < 0)
    assert ("gradients explode" in words) == (rho > half)


def test_the_exact_part_needs_no_torch():
    code = (
        "import sys, infwidth.parametrization as p; p.exponents('mup', 2); p.solve(2, 0, 'stp');"
        " p.classify([0, 0], [0, 0], 0); assert 'torch' not in sys.modules;"
        " p.parametrize; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lazy_names_are_the_functions():
    import infwidth.parametrization as room

    assert all(getattr(room, name) is not None for name in room.__all__)
    assert callable(room.coordinate_check)
    assert "mup" in RULES
    with pytest.raises(AttributeError, match="nothing"):
        room.nothing  # noqa: B018


def test_classify_takes_what_exponents_returns():
    for rule in ("mup", "ntk", "sp"):
        abc = exponents(rule, 2)
        assert classify(abc) == classify(abc.a, abc.b, abc.c)
    with pytest.raises(SpecError, match="needs a, b and c"):
        classify((0, 0))
