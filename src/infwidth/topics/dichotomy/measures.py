"""The dynamical dichotomy as tables say it: named parametrizations, and the polyhedron of the stable ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table
from infwidth.parametrization.verdicts import VERDICTS, verdict_index

#: What becomes of hidden layers that start with too small weights.
VANISHES = "vanishes"


@dataclass(frozen=True)
class NamedPoint:
    """Where a named parametrization lies, and the classifier's answers: s = a+b and v = 2a+c of the readout, and r."""

    s: float
    v: float
    r: float
    stable: bool
    nontrivial: bool
    feature_learning: bool
    kernel_regime: bool
    vanishes: bool = False

    @property
    def place(self) -> tuple[float, float, float]:
        """(s, v, r)."""
        return self.s, self.v, self.r

    @property
    def verdict(self) -> str:
        """The answers in words."""
        answers = {"stable": self.stable, "nontrivial": self.nontrivial, "feature_learning": self.feature_learning}
        return VERDICTS[verdict_index(**answers)]

    @property
    def fate(self) -> str:
        """The verdict, or :data:`VANISHES` where hidden activations do so at initialisation, which is unstable too."""
        return VANISHES if self.vanishes else self.verdict


def named_points(table: Table) -> dict[tuple[str, int], NamedPoint]:
    """Return the points of an ``abc_verdicts`` table by (rule, number of hidden layers)."""
    rows = table.at(layer="").frame.pivot_table(index=["rule", "index"], columns="metric", values="value", sort=False)
    answers = {"stable", "nontrivial", "feature_learning", "kernel_regime", "vanishes"} & set(rows)
    records = rows.astype(dict.fromkeys(answers, bool)).reset_index().to_dict("records")
    return {
        (record.pop("rule"), record.pop("index")): NamedPoint(**{str(key): x for key, x in record.items()})
        for record in records
    }


def layer_exponents(table: Table, rule: str, n_hidden: int) -> dict[str, tuple[float, ...]]:
    """Return a, b and c of one named parametrization, each over the layers."""
    point = table.at(rule=rule, index=n_hidden)
    return {letter: tuple(point.limit(letter).sort_values("layer").value) for letter in ("a", "b", "c")}


@dataclass(frozen=True)
class Face:
    """A facet, edge or vertex of the polyhedron: the boundaries it lies on, corners [n, 3] in s, v, r, its verdict."""

    boundaries: tuple[str, ...]
    corners: np.ndarray
    verdict: str


def faces(table: Table) -> list[Face]:
    """Return the faces of a ``stable_polyhedron`` table, facets first, vertices last."""
    found = []
    verdicts = table.limit("verdict").set_index("layer").value
    for name, rows in table.limit("s", "v", "r").groupby("layer", sort=False):
        corners = rows.pivot_table(index="index", columns="metric", values="value")[["s", "v", "r"]]
        found.append(Face(tuple(str(name).split(" & ")), corners.to_numpy(), VERDICTS[int(verdicts[name])]))
    return sorted(found, key=lambda face: len(face.boundaries))


def grid(table: Table) -> pd.DataFrame:
    """Return the grid of a ``stable_polyhedron`` table: columns s, v, r, inside (of the inequalities) and verdict."""
    rows = table.limit(*(f"grid_{name}" for name in ("s", "v", "r", "inside", "verdict")))
    points = rows.pivot_table(index="index", columns="metric", values="value")
    points = points.rename(columns=lambda name: name.removeprefix("grid_"))
    return points.assign(inside=points.inside == 1, verdict=[VERDICTS[int(i)] for i in points.verdict])
