"""Specs for tests: a small training and what a test has otherwise, and computations by the values of their block."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table
from infwidth.experiments.cells import Cell, expand
from infwidth.plan.graph import Graph, load_graph
from infwidth.solve import block_of, solve
from infwidth.specs.block import read
from infwidth.specs.cells import Train
from infwidth.specs.document import Experiment

#: A small net on images that a test makes itself.
DOCUMENT: dict[str, Any] = {
    "kind": "train",
    "data": {"name": "blobs", "image_size": None, "train_size": None, "test_size": None, "normalization": "unit"},
    "model": {"name": "mlp", "width": 8, "n_hidden": 2},
    "parametrization": {"rule": "mup", "base_width": 4, "layer_lr": "variance"},
    "optimizer": {"name": "sgd", "lr": [0.3]},
    "training": {"steps": 12, "batch_size": 15, "loss": "cross_entropy", "evaluations": 5},
    "probes": [{"name": "losses"}],
    "seeds": [0, 1],
}


@cache
def graph(scale: str) -> Graph:
    """Return all that there is to build; read once a process, and no test changes it."""
    return load_graph(scale)


def changed(document: dict[str, Any] = DOCUMENT, /, **changes: Any) -> dict[str, Any]:
    """Return the document with these keys of its blocks changed; a list, and a block of another name, is replaced."""
    result = copy.deepcopy(document)
    for block, value in changes.items():
        old = result.get(block)
        is_same = isinstance(value, dict) and isinstance(old, dict) and value.get("name") in (None, old.get("name"))
        result[block] = {**old, **value} if is_same else copy.deepcopy(value)
    return result


def train(document: dict[str, Any] = DOCUMENT, /, **changes: Any) -> Train:
    """Return the spec of the document with these changes."""
    return read(Train, changed(document, **changes), where="a test")


def computed(data: Any = None, /, **block: Any) -> pd.DataFrame:
    """Return the rows of a computation, given by the values of its block."""
    return solve(read(block_of(block["name"]), block, where="a test"), data)


def expanded(**experiment: Any) -> list[Cell]:
    """Return the cells of an experiment; its blocks get a source and a deviation."""
    notes = {"source": "a test", "deviation": "none"}
    noted = {
        key: {**value, **notes} if isinstance(value, dict) and key not in ("sweep", "seeds") else value
        for key, value in experiment.items()
        if key != "kind"
    }
    return list(expand(read(Experiment, {"what": "a test", **noted}, where="here"), where="here"))


#: Metrics without a seed that are neither a limit's: of ensembles and of averages over nets, of a net's parameters.
_OF_ENSEMBLES = (
    *("ensemble_accuracy", "ensemble_loss", "ensemble_loss_probabilities", "ensemble_loss_without", "single_loss"),
    *(
        "ensemble_loss_of",
        "ensemble_square",
        "logit_deviation",
        "logit_variance",
        "ntk_alignment",
        "ntk_eigenvalue",
        "ntk_task_power",
    ),
    *("bin_centre", "density", "output_mean", "output_std"),
)
_OF_PARAMETERS = ("size", "wide", "wide_dimensions", "role_embedding", "role_hidden", "role_norm", "role_output")


def told_apart(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table made by hand with the column ``of``: names and seeds tell what its rows are of.

    A row without a seed is a limit's, unless its metric is an ensemble's or a parameter's; one with a seed is a net's,
    unless its width is missing, or the table is one of kernels that learn few-shot tasks, which have seeds of tasks.
    """
    if "of" in table:
        return table
    of = np.where(table.seed >= 0, "net", "limit").astype(object)
    of[(table.seed < 0) & table.metric.isin(_OF_ENSEMBLES)] = "ensemble"
    of[table.metric.isin(_OF_PARAMETERS)] = "net"
    if "width" in table:
        of[table.width.isna()] = "limit"
    elif (table.metric == "clipped_fraction").any():
        of[:] = "limit"
    told = table.copy()
    told.insert(list(told).index("seed") + 1, "of", of)
    return told


def of_frames(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Return a measurement of tables as one of frames, which tests put together and spoil."""
    return lambda frame, **options: measure(Table(told_apart(frame)), **options)
