"""What a figure costs before it runs: from recorded run times, this machine's where there are any."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from infwidth.errors import DataError
from infwidth.plan.graph import Graph
from infwidth.results.cell_file import read_joined, read_provenance
from infwidth.specs.cells import Train

_COLUMNS = ["cell", "device", "cpu_seconds", "wall_seconds", "spec"]


def wall_seconds(provenance: pd.DataFrame) -> dict[str, float]:
    """Return cell → wall seconds, from the table of all cells' provenance."""
    return dict(zip(provenance["cell"], provenance["wall_seconds"], strict=True))


def published_provenance(published: Path) -> pd.DataFrame:
    """Return what a cost needs of the published provenance of all scales: a row a cell, none where there is none."""
    tables = [pd.read_csv(file, usecols=_COLUMNS) for file in sorted(published.glob("*/cells.csv"))]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_COLUMNS)


def recorded_seconds(cell_files: Path, provenance: pd.DataFrame) -> dict[str, float]:
    """Return cell → wall seconds, from the published ``provenance`` and, over it, the cells computed here."""
    seconds = wall_seconds(provenance)
    for path in sorted(cell_files.glob("*/*.parquet")):
        try:
            told = [read_provenance(path)[1], *(joined["provenance"] for joined in read_joined(path))]
            seconds |= {provenance["cell"]: provenance["wall_seconds"] for provenance in told}
        except DataError:
            continue  # a damaged file costs as much as one that is not there; the workflow replaces it
    return seconds


def minutes_of(cells: Collection[str], seconds: Mapping[str, float]) -> float | None:
    """Return the minutes of one core behind ``cells``; None where one of them was never run: no guess."""
    return round(sum(seconds[c] for c in cells) / 60, 2) if set(cells) <= set(seconds) else None


def minutes_by_figure(graph: Graph, seconds: Mapping[str, float]) -> dict[str, float | None]:
    """Return figure → the minutes of one core behind it, as :func:`minutes_of`."""
    return {figure.rule: minutes_of(graph.cells_of_figure(figure), seconds) for figure in graph.figures}


def cost_table(graph: Graph, seconds: Mapping[str, float], done: set[str]) -> pd.DataFrame:
    """Return one row a figure: cells, how many are done, and minutes of one core still to go.

    ``minutes_left`` is missing where a cell was never run anywhere: no number is better than a guess. Cells that
    several figures share count for each.
    """
    records = []
    for figure in graph.figures:
        cells = graph.cells_of_figure(figure)
        left = [cell for cell in cells if cell not in done]
        known = [seconds[cell] for cell in left if cell in seconds]
        records.append(
            {
                "figure": figure.rule,
                "scale": graph.scale,
                "cells": len(cells),
                "done": len(cells) - len(left),
                "minutes_total": minutes_of(cells, seconds),
                "minutes_left": round(sum(known) / 60, 2) if len(known) == len(left) else None,
                "cells_without_record": len(left) - len(known),
            }
        )
    return pd.DataFrame(records)


def time_left(graph: Graph, seconds: Mapping[str, float], done: Collection[str], *, cores: int) -> str:
    """Return a line on all cells of ``graph``, each once: how many are done, and the minutes that the others take.

    ``seconds`` are recorded run times; where a cell was never run the line says so. Cells of one core each fill
    ``cores`` side by side, and none is faster than the longest of them.
    """
    left = [name for name in graph.cells if name not in done]
    known = [seconds[name] for name in left if name in seconds]
    text = f"All cells, each once: {len(graph.cells)}, of which {len(graph.cells) - len(left)} are done"
    if known:
        wall = max(sum(known) / cores, *known) / 60
        text += f"; left: {sum(known) / 60:.1f} minutes of one core, about {wall:.1f} on {cores}"
    if unknown := len(left) - len(known):
        text += f"; {unknown} were never run"
    return f"{text}."


def estimate_table(graph: Graph, seconds: Mapping[str, float], provenance: pd.DataFrame) -> pd.DataFrame:
    """Return one row a figure with cells that were never run: what these may take, from the operations they need.

    The last row is all of them, cells that figures share counted once; there are no rows where every cell was run.

    ``petaflop``: 10¹⁵ operations of their trainings; ``hours_estimated``: of one core, at the speed of the most alike
    trainings in ``provenance``, the published cells of all scales; ``hours_longest``: of the longest of
    them, than which no number of machines is faster. ``not_estimated``: how many others there are, exact limits and
    trainings of which only the data tell how long they are.
    """
    from infwidth.plan.operations import counted, estimated_seconds, timed_trainings

    fresh = {name: cell for name, cell in graph.cells.items() if name not in seconds}
    trained = {name: cell.spec for name, cell in fresh.items() if isinstance(cell.spec, Train) and cell.kind == "train"}
    operations = {name: its for name, spec in trained.items() if (its := counted(spec)) is not None}
    timed = timed_trainings(provenance) if operations else []
    estimate = {name: estimated_seconds(trained[name].model.name, its, timed) for name, its in operations.items()}
    behind = {figure.rule: graph.cells_of_figure(figure).keys() & fresh.keys() for figure in graph.figures}
    records = []
    for figure, cells in (behind | {"all of them": fresh.keys()}).items():
        trainings = cells & operations.keys()
        if cells:
            records.append(
                {
                    "figure": figure,
                    "trainings": len(trainings),
                    "petaflop": sum(operations[name].total for name in trainings) / 1e15,
                    "hours_estimated": sum(estimate[name] for name in trainings) / 3600,
                    "hours_longest": max((estimate[name] for name in trainings), default=0.0) / 3600,
                    "not_estimated": sum(
                        fresh[name].kind == "solve" or (name in trained and name not in operations) for name in cells
                    ),
                }
            )
    return pd.DataFrame(records)
