"""Exact limits as rows: the numbers of an infinite-width computation in the shape that everything measured has."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infwidth.errors import SpecError, nearest
from infwidth.papers import paper_module
from infwidth.results.rows import COLUMNS
from infwidth.solve import (
    algebra,
    dmft,
    kernel_regression,
    maml,
    nonlinear_mup,
    one_step,
    roles,
    small_nets,
    word2vec,
)
from infwidth.solve.records import Limit, Record

if TYPE_CHECKING:
    from infwidth.data.load import Data

Rows = Callable[[Limit, "Data | None"], list[Record] | pd.DataFrame]


def solve(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return the rows of the limit of a cell's spec; ``data`` is None where the limit needs none."""
    found = _function(limit["name"])(limit, data)
    if not isinstance(found, pd.DataFrame):
        found = pd.DataFrame(found, columns=["metric", "layer", "index", "value"])
    given = {"lr": limit.get("lr", np.nan), "seed": -1, "step": 0, "layer": "", "index": -1}
    missing = {name: value for name, value in given.items() if name not in found}
    return found.assign(**missing)[list(COLUMNS)].astype(COLUMNS)


def _function(name: str) -> Rows:
    """Return what computes a limit: one of those below, or, for ``<paper>.<function>``, of that paper's own."""
    paper, _, function = name.rpartition(".")
    known = vars(paper_module(paper, "limits")) if paper else _LIMITS
    if function not in known:
        raise SpecError(f"unknown limit '{name}'{nearest(function, known)}")
    return known[function]


def _word2vec(limit: Limit, data: "Data | None") -> pd.DataFrame:
    from infwidth.data.load import Corpus

    assert isinstance(data, Corpus), "the schema of cells asks for a text with questions here"
    return word2vec.rows(limit, data.tokens, data.questions)


_LIMITS: dict[str, Rows] = {
    "one_step": one_step.one_step,
    "richness_family": algebra.richness_family,
    "desiderata": algebra.desiderata,
    "abc_verdicts": algebra.abc_verdicts,
    "stable_polyhedron": algebra.stable_polyhedron,
    "linear_mup": small_nets.linear_mup,
    "gauge_orbit": small_nets.gauge_orbit,
    "correlation": small_nets.correlation,
    "parameter_roles": roles.parameter_roles,
    "nonlinear_mup": nonlinear_mup.rows,
    "kernel_regression": kernel_regression.rows,
    "maml": maml.rows,
    "word2vec": _word2vec,
    "deep_linear_dmft": dmft.deep_linear_dmft,
}
