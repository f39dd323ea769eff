"""Tensor Programs IV and its slides: the exact tables, the polyhedron, the gauge orbit, and claims that can fail."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import Figure, load_paper
from infwidth.papers import figure_function
from infwidth.papers.yang2021.claims import space
from infwidth.papers.yang2021slides import claims as slides_claims
from infwidth.parametrization import classify, exponents
from infwidth.parametrization.polyhedra import HalfSpace, centre, corners, face
from infwidth.parametrization.verdicts import VERDICTS, verdict_index
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve
from infwidth.solve.stable_polyhedron import parametrization_at
from infwidth.topics.dichotomy.measures import faces, grid, layer_exponents, named_points
from infwidth.topics.gauge_orbits.measures import difference_from_start

PAPERS = ("yang2021", "yang2021slides")
#: The experiments that are algebra or nets in numpy, quick enough to be run here; all others are the workflow's.
EXACT = ("named", "polyhedron", "depths", "linear_limit", "gauge_orbit", "forgotten_rate")
CLAIMS = {"yang2021": space.CLAIMS, "yang2021slides": slides_claims.CLAIMS}


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, Table]]:
    """Return the tables of both papers at smoke scale."""
    found: dict[str, dict[str, Table]] = {}
    for paper in PAPERS:
        for experiment, cells in load_paper(paper, "smoke").cells.items():
            if experiment not in EXACT:
                continue
            rows = {cell.id: solve(cell.spec.solve, None) for cell in cells}
            found.setdefault(paper, {})[experiment] = Table(gather(rows, {cell.id: cell.axes for cell in cells}))
    found["yang2021slides"]["polyhedron"] = found["yang2021"]["polyhedron"]
    return found


# ---- polyhedra


def _unit_cube() -> dict[str, HalfSpace]:
    sides = {}
    for i, axis in enumerate("xyz"):
        normal = tuple(Fraction(i == j) for j in range(3))
        sides[f"{axis} = 0"] = HalfSpace(normal, Fraction(0))
        sides[f"{axis} = 1"] = HalfSpace(tuple(-n for n in normal), Fraction(-1))
    return sides


def test_corners_and_faces_of_a_cube() -> None:
    found = corners(_unit_cube())
    assert len(found) == 8
    side = face(found, ["x = 0"])
    assert len(side) == 4
    for here, there in zip(side, side[1:] + side[:1], strict=True):
        assert sum(abs(a - b) for a, b in zip(here, there, strict=True)) == 1  # along the outline, never across
    assert centre(side) == (0, Fraction(1, 2), Fraction(1, 2))
    assert face(found, ["x = 0", "x = 1"]) == []
    assert len(face(found, ["x = 0", "y = 1"])) == 2


def test_half_spaces_that_leave_nothing_have_no_corners() -> None:
    empty = _unit_cube() | {"far": HalfSpace((Fraction(1),) * 3, Fraction(4))}
    assert corners(empty) == {}


# ---- the space of abc-parametrizations


@pytest.mark.parametrize("n_hidden", [1, 2, 4])
def test_a_point_is_that_of_its_parametrization(n_hidden: int) -> None:
    for s in ("1/2", "3/4", "2"):
        for v in ("1/2", "1", "2"):
            for r in ("-1/2", "0", "1/4", "3"):
                point = (Fraction(s), Fraction(v), Fraction(r))
                abc = parametrization_at(point, n_hidden)
                found = classify(abc.a, abc.b, abc.c)
                assert (abc.a[-1] + abc.b[-1], 2 * abc.a[-1] + abc.c[-1], found.r) == point
                assert not any("layer" in text for text in found.violations)  # hidden layers start well


def test_polyhedron_is_the_same_at_every_depth() -> None:
    one, *others = (computed(name="stable_polyhedron", n_hidden=n, spacing="1/2") for n in (1, 2, 5))
    for other in others:
        pd.testing.assert_frame_equal(one, other)


def test_polyhedron_has_the_faces_of_the_theorems(tables: dict) -> None:
    found = {face.boundaries: face for face in faces(tables["yang2021"]["polyhedron"])}
    assert [sum(len(names) == k for names in found) for k in (1, 2, 3)] == [4, 5, 2]
    assert found["v = 1", "r = 0", "s + r = 1"].corners.tolist() == [[1, 1, 0]]
    assert found["s = 1/2", "v = 1", "s + r = 1"].corners.tolist() == [[0.5, 1, 0.5]]
    learning = {names for names, face in found.items() if face.verdict == "feature learning"}
    assert learning == {("v = 1", "r = 0"), ("r = 0", "s + r = 1"), ("v = 1", "r = 0", "s + r = 1")}


def test_grid_meets_all_verdicts(tables: dict) -> None:
    points = grid(tables["yang2021"]["polyhedron"])
    assert set(points.verdict) == set(VERDICTS)
    assert (points.inside == (points.verdict != "unstable")).all()


def test_the_dichotomy_on_the_grid(tables: dict) -> None:
    """What is stable and moves its output learns features (r = 0) or is a kernel (r > 0): never both, never neither."""
    points = grid(tables["yang2021"]["polyhedron"])
    stable = points[(points.s >= 1 / 2) & (points.v >= 1) & (points.r >= 0) & (points.s + points.r >= 1)]
    moving = (stable.v == 1) | (stable.s + stable.r == 1)
    assert (stable.verdict[~moving] == "trivial").all()
    assert (stable.verdict[moving & (stable.r == 0)] == "feature learning").all()
    assert (stable.verdict[moving & (stable.r > 0)] == "kernel").all()


@pytest.mark.parametrize("n_hidden", [1, 3])
@pytest.mark.parametrize("r", ["0", "1/4", "1/2"])
def test_the_uniform_family_lies_on_the_edge_between_mup_and_ntp(r: str, n_hidden: int) -> None:
    abc = exponents("mup_gauge", n_hidden, richness=Fraction(1, 2) - Fraction(r))
    assert classify(abc.a, abc.b, abc.c).r == Fraction(r)
    assert 2 * abc.a[-1] + abc.c[-1] == 1
    assert abc.a[-1] + abc.b[-1] + Fraction(r) == 1


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ((False, False, False), "unstable"),
        ((True, False, False), "trivial"),
        ((True, True, False), "kernel"),
        ((True, True, True), "feature learning"),
    ],
)
def test_verdicts_have_their_words(answers: tuple[bool, bool, bool], verdict: str) -> None:
    stable, nontrivial, learning = answers
    assert VERDICTS[verdict_index(stable=stable, nontrivial=nontrivial, feature_learning=learning)] == verdict


def test_named_parametrizations_as_tables(tables: dict) -> None:
    named = tables["yang2021"]["named"]
    assert layer_exponents(named, "mup", 2) == {"a": (-0.5, 0, 0.5), "b": (0.5, 0.5, 0.5), "c": (0, 0, 0)}
    points = named_points(named)
    assert [points["mup", n].verdict for n in (1, 2)] == ["feature learning"] * 2
    assert [points["sp_lr", n].r for n in (1, 2)] == [
        1.5,
        0.5,
    ]  # one hidden layer has no hidden matrix to move features


def test_mean_field_as_it_is_written_is_for_one_hidden_layer() -> None:
    """Its second hidden layer is a mean of n independent terms of mean zero, which is of order n^-1/2."""
    written, continued = (
        named_points(Table(computed(name="abc_verdicts", rule=rule, n_hidden=[1, 2, 3]).assign(rule=rule)))
        for rule in ("mf_as_written", "mf")
    )
    assert [written["mf_as_written", n].fate for n in (1, 2, 3)] == ["feature learning", "vanishes", "vanishes"]
    assert [continued["mf", n].fate for n in (1, 2, 3)] == ["feature learning"] * 3
    assert written["mf_as_written", 1] == continued["mf", 1]
    rng = np.random.default_rng(0)
    sizes = [np.abs(rng.standard_normal((9, n)) @ np.tanh(rng.standard_normal(n)) / n).mean() for n in (100, 10_000)]
    assert sizes[1] < 0.2 * sizes[0]


# ---- the gauge orbit


def test_difference_from_start_is_relative_to_the_outputs() -> None:
    rows = [("mup", theta, 0, i, x) for theta, x0, x1 in (("0", 3, 4), ("1/2", 3, 9)) for i, x in ((0, x0), (1, x1))]
    frame = pd.DataFrame(rows, columns=["rule", "theta", "step", "index", "value"])
    orbit = Table(frame.assign(of="net", metric="output"))
    (value,) = difference_from_start(orbit, orbit).value
    assert value == 1.0  # |(0, 5)| / |(3, 4)|


def test_only_the_whole_gauge_change_keeps_the_function(tables: dict) -> None:
    orbit, control = (tables["yang2021slides"][name] for name in ("gauge_orbit", "forgotten_rate"))
    assert set(orbit.frame.theta) == {"0", "-1/3", "2"}
    kept = difference_from_start(orbit, orbit)
    assert 0 < kept.value.max() < 1e-12  # exactly 0 would be the same computation, not another gauge
    assert difference_from_start(control, orbit).groupby("rule").value.max().min() > 1e-2


# ---- specs


@pytest.mark.parametrize(
    ("solve", "message"),
    [
        ({"name": "abc_verdicts", "rule": "mupp", "n_hidden": [1]}, r"did you mean 'mup'"),
        ({"name": "abc_verdicts", "rule": "mup", "n_hidden": [0]}, "must be a number of layers, from 1"),
        ({"name": "stable_polyhedron", "n_hidden": 1, "spacing": "1/3"}, "spacing"),
        ({"name": "linear_mup", "n_inputs": 1, "n_outputs": 1, "width": 1, "steps": 1, "lr": 1, "n_seeds": 1}, "two"),
        ({"name": "gauge_orbit", "rule": "mup", "n_hidden": 1, "theta": 0.5}, "exact rational"),
    ],
)
def test_specs_without_meaning_are_refused(solve: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve=solve)


def test_these_computations_take_no_data() -> None:
    data = {"name": "mnist5k", "image_size": None, "train_size": 1, "test_size": 1, "normalization": "unit"}
    with pytest.raises(SpecError, match="takes no data"):
        expanded(solve={"name": "abc_verdicts", "rule": "mup", "n_hidden": [1]}, data=data)


# ---- claims and figures


def _is_exact(figure: Figure) -> bool:
    return all(table in EXACT for _, table in figure.tables)


@pytest.mark.parametrize("paper", PAPERS)
def test_claims_hold_already_at_smoke_scale(tables: dict, paper: str) -> None:
    exact = [figure.name for figure in load_paper(paper, "smoke").figures if _is_exact(figure)]
    chosen = [claim for claim in CLAIMS[paper] if claim.figure in exact]
    verdicts = ledger(paper, chosen, tables[paper]).set_index("claim").verdict
    small = {"finite_nets_converge", "sampled_nets_converge"}  # two widths and ten seeds say little
    assert set(verdicts.drop(list(small), errors="ignore")) == {"reproduced"}
    assert "not reproduced" not in set(verdicts)


def test_a_tick_is_for_one_verdict_at_all_depths(tables: dict) -> None:
    with style():
        drawn = figure_function("yang2021slides", "table_abc")(tables["yang2021slides"])
        texts = [text.get_text() for text in drawn.axes[0].texts]
        plt.close(drawn)
    assert [text for text in texts if text in "✓✗" and text] == ["✓", "✓", "✓", "✗", "✓", "✓"]
    assert texts.count("activations\nvanish") == 3


@pytest.mark.parametrize("paper", PAPERS)
def test_figures_are_drawn(tables: dict, paper: str) -> None:
    figures = [figure for figure in load_paper(paper, "smoke").figures if _is_exact(figure)]
    assert len(figures) > 1
    for figure in figures:
        with style():
            drawn = figure_function(paper, figure.name)(tables[paper])
            drawn.canvas.draw()
            plt.close(drawn)


def test_the_table_colours_what_the_classifier_says(tables: dict) -> None:
    with style():
        drawn = figure_function("yang2021", "table1")(tables["yang2021"])
        texts = [text.get_text() for text in drawn.axes[0].texts]
        plt.close(drawn)
    assert texts.count("kernel") == texts.count("feature learning") == 2
    assert texts.count("unstable") == 1
    assert "−1/2, 0, 1/2" in texts


def test_rows_keep_their_shape() -> None:
    rows = computed(name="abc_verdicts", rule="mup", n_hidden=[1])
    assert (rows.seed == -1).all()
    assert (rows.step == 0).all()
    assert np.isnan(rows.lr).all()
