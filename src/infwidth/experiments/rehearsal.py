"""A dress rehearsal: every cell with few steps and narrow nets, so that minutes tell whether days of work will start.

Data set, preparation, model, parametrization, optimizer, learning rates, probes and depth are those of the real cell.
What is smaller are numbers of the same kinds: steps and epochs, widths, batches, the examples taken of a data set and
the length of windows of text, and how often a thing is repeated. The numbers that come out mean nothing.
"""

import math
from collections.abc import Mapping
from typing import Any

from infwidth.experiments.cells import Cell, read_cell
from infwidth.specs.cells import Recipe, Solve, Train
from infwidth.specs.identity import cell_id

#: What the name of a scale ends in where it is rehearsed: its results lie in a folder of their own.
REHEARSAL = "_rehearsal"
#: A window has as many logits as there are words, at every place: a step of 256 places of 32,000 words is 33 MB.
_WINDOWS = {"train_windows": 4, "test_windows": 2}
_WINDOWS_A_BATCH = 1
#: The largest value of each number that says how long something takes, by its name, wherever it stands in a spec.
_AT_MOST = {
    "steps": 4,
    "test_steps": 2,
    "epochs": 1,
    "batches_per_epoch": 2,
    "tasks_per_batch": 4,
    "validation_tasks": 8,
    "test_tasks": 8,
    "batch_size": 8,
    "n_seeds": 2,
    "n_quantiles": 50,
    "train_size": 32,
    "test_size": 32,
    **_WINDOWS,
    "parts": 2,  # of the examples of a test set
    "n_tokens": 20_000,
    "iterations": 4,
    "measured": 4,
}
#: Computations that train nothing: they look at the shapes of a net.
_OF_SHAPES = ("parameter_roles",)
#: Of these, null means all there is.
_SIZES = ("train_size", "test_size", "train_windows", "test_windows", "n_tokens")
_SEEDS = 2
_NEURONS = 1024
#: By which times are shortened, that of the end and those at which something is shown.
_SHORTER = 100


def rehearsed(cell: Cell) -> Cell:
    """Return the cell that rehearses a cell, with that one's axes for the table."""
    if cell.kind == "solve" and cell.document["solve"]["name"] in _OF_SHAPES:
        return cell
    document = _shorter(cell.document)
    if "context" in document.get("data", {}) and isinstance(cell.spec, Train):
        document["training"]["batch_size"] = min(document["training"]["batch_size"], _WINDOWS_A_BATCH)
    if isinstance(cell.spec, Train):  # in the unit of the model's own width
        model = cell.document["model"]
        unit = model.get("n_heads") or model.get("head_size") or 1
        document["parametrization"]["base_width"] = narrow(cell.document["parametrization"]["base_width"], unit)
    if isinstance(cell.spec, Solve) and isinstance(cell.spec.solve, Recipe):  # a sample of neurons, not a net
        document["solve"]["model"]["width"] = min(cell.spec.solve.model.width, _NEURONS)
    spec = read_cell(document, where=f"rehearsal of cell {cell.id}")
    return Cell(id=cell_id(spec), spec=spec, axes=cell.axes)


def narrow(width: int, unit: int = 1) -> int:
    """Return a width for a rehearsal: about 3·log2 of a width, in units (heads); wider ones stay wider or equal."""
    return min(width, unit * max(1, round(3 * math.log2(width / unit)))) if width >= unit else width


def _shorter(block: Mapping[str, Any]) -> dict[str, Any]:
    unit = block.get("n_heads") or block.get("head_size") or 1
    return {key: _of(key, value, unit) for key, value in block.items()}


def _of(key: str, value: Any, unit: int) -> Any:
    """Return what stands under a key in a rehearsal; ``unit`` is that of the width in its block."""
    match key, value:
        case _, dict():
            return _shorter(value)
        case ("width", int()):
            return narrow(value, unit)
        case ("context", int()):  # longer windows stay longer
            return min(value, 2 * narrow(value))
        case "seeds", list():
            return value[:_SEEDS]
        case "horizon", _:
            return value / _SHORTER
        case "show", list():
            return [time / _SHORTER for time in value]
        case _, None if key in _SIZES:
            return _AT_MOST[key]
        case _, int() if key in _AT_MOST:
            return min(value, _AT_MOST[key])
        case _, list():
            return [_shorter(inside) if isinstance(inside, dict) else inside for inside in value]
        case _:
            return value
