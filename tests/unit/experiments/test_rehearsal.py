"""A dress rehearsal changes how long things take, how wide nets are and how long windows, and nothing else."""

from typing import Any

import pytest

from infwidth.experiments.rehearsal import narrow, rehearsed
from infwidth.plan.graph import load_graph

SHORTER = {
    *("steps", "test_steps", "epochs", "batches_per_epoch", "tasks_per_batch", "validation_tasks", "test_tasks"),
    *("batch_size", "n_seeds", "seeds", "n_quantiles", "train_size", "test_size", "train_windows", "test_windows"),
    "context",
    *("parts", "n_tokens", "iterations", "measured", "horizon", "show", "width", "base_width"),
}


def differences(before: Any, after: Any, key: str = "") -> set[str]:
    """Return the names of what differs between two documents."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return set().union(*(differences(before[name], after[name], name) for name in before))
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return set().union(*(differences(b, a, key) for b, a in zip(before, after, strict=True)))
    return set() if before == after else {key}


@pytest.mark.parametrize("scale", ["workstation", "paper"])
def test_every_cell_has_a_rehearsal_that_differs_in_lengths_and_widths_only(scale: str) -> None:
    graph = load_graph(scale)
    cells = graph.cells.values()
    seen: set[str] = set()
    rehearsals = {}
    for cell in cells:
        rehearsal = rehearsed(cell)
        seen |= differences(cell.document, rehearsal.document)
        assert rehearsal.axes == cell.axes
        assert rehearsal.kind == cell.kind
        rehearsals[cell.id] = rehearsal.id
    for table in graph.tables:  # every row of a table has its own
        of_table = {cell.id for cell in graph.cells_of(*table)}
        assert len({rehearsals[cell] for cell in of_table}) == len(of_table), table
    assert seen <= SHORTER
    assert len(cells) > 200


def test_wider_nets_stay_wider_and_heads_whole() -> None:
    widths = [narrow(width) for width in (1, 2, 3, 4, 8, 64, 128, 256, 348, 474, 645, 1024, 8192, 2**19)]
    assert widths == [1, 2, 3, 4, 8, 18, 21, 24, 25, 27, 28, 30, 39, 57]
    assert [narrow(width, 4) for width in (4, 128, 256, 512, 1024)] == [4, 60, 72, 84, 96]
    assert all(narrow(width, 64) % 64 == 0 for width in (64, 128, 1024, 8192))


def test_all_there_is_becomes_a_few_and_what_is_few_already_stays() -> None:
    cells = load_graph("paper")
    (vision,) = {
        cell.id: cell for cell in cells.cells_of("vyas2023", "second_vision") if cell.axes["width"] == 64
    }.values()
    block = rehearsed(vision).document
    assert block["data"] == {**vision.document["data"], "train_size": 32, "test_size": 32}
    assert (block["training"]["steps"], block["training"]["batch_size"], block["seeds"]) == (4, 8, [0, 1])
    step = cells.cells_of("karkada2024", "one_step")[0]
    assert rehearsed(step).document["training"]["steps"] == 1
