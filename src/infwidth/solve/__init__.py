"""Exact limits as rows: the numbers of an infinite-width computation in the shape that everything measured has."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infwidth.errors import SpecError, nearest
from infwidth.papers import paper_module
from infwidth.registry import load
from infwidth.results.rows import COLUMNS
from infwidth.solve.records import Limit, Record

if TYPE_CHECKING:
    from infwidth.data.load import Data

Rows = Callable[[Limit, "Data | None"], list[Record] | pd.DataFrame]

COMPUTATIONS = {
    "one_step": "infwidth.solve.one_step:one_step",
    "richness_family": "infwidth.solve.algebra:richness_family",
    "desiderata": "infwidth.solve.algebra:desiderata",
    "abc_verdicts": "infwidth.solve.algebra:abc_verdicts",
    "stable_polyhedron": "infwidth.solve.algebra:stable_polyhedron",
    "linear_mup": "infwidth.solve.small_nets:linear_mup",
    "gauge_orbit": "infwidth.solve.small_nets:gauge_orbit",
    "correlation": "infwidth.solve.small_nets:correlation",
    "parameter_roles": "infwidth.solve.roles:parameter_roles",
    "nonlinear_mup": "infwidth.solve.nonlinear_mup:rows",
    "kernel_regression": "infwidth.solve.kernel_regression:rows",
    "maml": "infwidth.solve.maml:rows",
    "word2vec": "infwidth.solve.word2vec:rows",
    "deep_linear_dmft": "infwidth.solve.dmft:deep_linear_dmft",
}


def solve(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return the rows of the limit of a cell's spec; ``data`` is None where the limit needs none.

    What does not say what its rows are ``of`` has nets, which have seeds, and a limit, which has none.
    """
    found = _function(limit["name"])(limit, data)
    if not isinstance(found, pd.DataFrame):
        found = pd.DataFrame(found, columns=["metric", "layer", "index", "value"])
    given = {"lr": limit.get("lr", np.nan), "seed": -1, "step": 0, "layer": "", "index": -1}
    rows = found.assign(**{name: value for name, value in given.items() if name not in found})
    if "of" not in rows:
        rows = rows.assign(of=np.where(rows.seed >= 0, "net", "limit"))
    return rows[list(COLUMNS)].astype(COLUMNS)


def _function(name: str) -> Rows:
    """Return what computes a limit: one of those above, or, for ``<paper>.<function>``, of that paper's own."""
    paper, _, function = name.rpartition(".")
    if not paper:
        own: Rows = load(COMPUTATIONS, name, kind="limit")
        return own
    known = vars(paper_module(paper, "limits"))
    if function not in known:
        raise SpecError(f"unknown limit '{name}'{nearest(function, known)}")
    return known[function]
