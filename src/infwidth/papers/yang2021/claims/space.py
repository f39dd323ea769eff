"""Claims of Tensor Programs IV that are exact: the paper's table and its polyhedron. Fixed before running."""

import numpy as np

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import equals
from infwidth.analysis.quantities import Exactly
from infwidth.analysis.table import Tables
from infwidth.papers.yang2021.measured import NAMED
from infwidth.topics.dichotomy.measures import faces, layer_exponents, named_points

_EXACT = "Exact rational arithmetic; the interval is the number itself."

#: The paper's Table 1 (hidden layers as in NAMED): a, b, c; r; 2a+c and a+b+r of the readout; feature learning, kernel.
TABLE_1 = {
    "sp_lr": ((0, 0, 0), (0, 1 / 2, 1 / 2), 1, 1 / 2, 1, 1, False, True),
    "ntk": ((0, 1 / 2, 1 / 2), (0, 0, 0), 0, 1 / 2, 1, 1, False, True),
    "mf": ((0, 1), (0, 0), -1, 0, 1, 1, True, False),
    "mup": ((-1 / 2, 0, 1 / 2), (1 / 2, 1 / 2, 1 / 2), 0, 0, 1, 1, True, False),
}

#: The two vertices of the polyhedron in (s, v, r), and who the paper's Table 1 puts there.
VERTICES = {(1 / 2, 1.0, 1 / 2): ("ntk", "sp_lr"), (1.0, 1.0, 0.0): ("mup", "mf")}


def _wrong_entries(tables: Tables) -> int:
    points, wrong = named_points(tables["named"]), 0
    for rule, (a, b, c, *follows) in TABLE_1.items():
        n_hidden = NAMED[rule][1]
        abc, point = layer_exponents(tables["named"], rule, n_hidden), points[rule, n_hidden]
        found = [*abc["a"], *abc["b"], *abc["c"]]
        wrong += sum(x != y for x, y in zip(found, [*a, *b, *[c] * len(a)], strict=True))
        found = [point.r, point.v, point.s + point.r, point.feature_learning, point.kernel_regime]
        wrong += sum(x != y for x, y in zip(found, follows, strict=True))
    return wrong


def _r_of_sp(tables: Tables) -> float:
    point = named_points(tables["named"])["sp", 2]
    return point.r if not point.stable else np.nan


def _misplaced(tables: Tables) -> int:
    """Count vertices without a counterpart in VERTICES, and the named parametrizations that are not at theirs."""
    found = {tuple(face.corners[0]) for face in faces(tables["polyhedron"]) if len(face.boundaries) == 3}
    points = named_points(tables["named"])
    wrong = len(found ^ set(VERTICES))
    for vertex, rules in VERTICES.items():
        for rule in rules:
            wrong += points[rule, NAMED[rule][1]].place != vertex
    return wrong


CLAIMS = (
    Claim(
        "table_of_the_paper",
        "table1",
        says="The abc exponents used here and their classification are Table 1 of Tensor Programs IV.",
        measured=Exactly("entries that differ, of 53,", _wrong_entries),
        expected=equals(0),
        note=_EXACT,
    ),
    Claim(
        "sp_is_unstable",
        "table1",
        says="SP with a learning rate of order one is unstable: features move by n.",
        measured=Exactly("r with two hidden layers, where not stable,", _r_of_sp),
        expected=equals(-1),
        note=_EXACT,
    ),
    Claim(
        "vertices_are_ntp_and_mup",
        "fig5",
        says="The polyhedron of stable parametrizations has two vertices: NTP and SP at rate 1/n are at one, μP and "
        "mean field at the other.",
        measured=Exactly("vertices and named parametrizations out of place", _misplaced),
        expected=equals(0),
        note=f"{_EXACT} Mean field has one hidden layer, the others two.",
    ),
)
