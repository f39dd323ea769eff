"""What part of a table a statement is about: the end of training, a moment in it, the deepest layer."""

import re

import pandas as pd

from infwidth.analysis.claims import NotTestableError


def at_the_end(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of a metric at the last step that any net reached, the ensemble's left out."""
    rows = table[(table.metric == metric) & (table.seed >= 0)]
    return rows[rows.step == rows.step.max()]


def last_step(table: pd.DataFrame) -> int:
    """Return the last step of a table."""
    return int(table.step.max())


def first_step_after(table: pd.DataFrame, part: float) -> int:
    """Return the first evaluation after that part (0 to 1) of training."""
    steps = sorted(table.step.unique())
    return int(next(step for step in steps if step >= part * steps[-1]))


def deepest_layer(table: pd.DataFrame, metric: str) -> str:
    """Return the deepest layer (last by name, numbers in their order) of which ``metric`` was measured."""
    layers = table[table.metric == metric].layer.unique().tolist()
    if not layers:
        raise NotTestableError(f"The table has no '{metric}'.")
    return max(layers, key=_in_order)


def _in_order(layer: str) -> list[tuple[str, int]]:
    """Return what sorts names with numbers as people do: ``blocks.9`` before ``blocks.10``."""
    return [(text, int(number or -1)) for text, number in re.findall(r"(\D*)(\d*)", layer)]
