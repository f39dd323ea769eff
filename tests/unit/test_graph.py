"""What there is to build: everything, or the figures asked for and only what they need."""

from pathlib import Path

import pytest

from infwidth.errors import SpecError
from infwidth.workflow.cost import cost_table
from infwidth.workflow.graph import code_hash, load_graph

SCHEMAS = Path(__file__).parents[2] / "config" / "schemas"


def test_chosen_figures_bring_their_cells_and_nothing_else() -> None:
    everything = load_graph("smoke", SCHEMAS)
    one = load_graph("smoke", SCHEMAS, "karkada2024_gauges")
    assert [figure.rule for figure in one.figures] == ["karkada2024_gauges"]
    assert set(one.papers) == {"karkada2024"}
    assert set(one.cells) == set(one.cells_of_figure(one.figures[0]))
    assert set(one.cells) < set(everything.cells)
    assert set(one.left_out) == {figure.rule for figure in everything.figures} - {"karkada2024_gauges"}
    assert everything.left_out == ()


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(SpecError, match=r"no figure 'harvard2024_mup_ntk' \(did you mean 'harvard2024_mup_vs_ntk'\?\)"):
        load_graph("smoke", SCHEMAS, "karkada2024_gauges, harvard2024_mup_ntk")


def test_cost_counts_what_is_left_and_never_guesses() -> None:
    graph = load_graph("smoke", SCHEMAS, "harvard2024_mup_vs_ntk")
    cells = list(graph.cells)
    seconds = dict.fromkeys(cells, 60.0)
    (row,) = cost_table(graph, seconds, done=set(cells[:1])).to_dict("records")
    assert (row["cells"], row["done"], row["minutes_left"]) == (len(cells), 1, len(cells) - 1)
    del seconds[cells[1]]
    (row,) = cost_table(graph, seconds, done=set(cells[:1])).to_dict("records")
    assert row["cells_without_record"] == 1
    assert row["minutes_left"] is None
    assert row["minutes_total"] is None


def test_code_hash_follows_content() -> None:
    assert code_hash(["training", "errors.py"]) == code_hash(["training", "errors.py"])
    assert len({code_hash(["training"]), code_hash(["models"]), code_hash(["training", "models"])}) == 3
