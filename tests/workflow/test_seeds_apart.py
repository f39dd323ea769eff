"""Seeds as cells of their own, in the workflow: only what is missing is trained, and what was joined may go."""

import re
from pathlib import Path

import pytest

from infwidth.experiments.settings import as_text
from infwidth.plan.graph import Graph, load_graph
from infwidth.results.tables import read_table

from .conftest import clone, snakemake

pytestmark = pytest.mark.workflow

FIGURE = "harvard2024_mup_vs_ntk"
SETTINGS = {
    "harvard2024.width_sweep.seeds_apart": True,
    "harvard2024.width_sweep.sweep.model.width": [8],
    "harvard2024.width_sweep.training.steps": 4,
}


def graph(seeds: int) -> Graph:
    return load_graph("smoke", FIGURE, {**SETTINGS, "harvard2024.width_sweep.seeds": seeds})


def run(project: Path, seeds: int) -> set[str]:
    """Make the table; return the cells that were computed for it."""
    settings = as_text({**SETTINGS, "harvard2024.width_sweep.seeds": seeds})
    table = f"results/{graph(seeds).scale}/tables/harvard2024/width_sweep.parquet"
    done = snakemake(project, table, set=settings)
    assert done.returncode == 0, done.stdout
    assert set(read_table(project / table).query("of == 'net'").seed) == set(range(seeds))
    return set(re.findall(r"cell ([0-9a-f]{16}):", done.stdout))


def test_only_what_is_missing_is_trained(tmp_path: Path) -> None:
    project, two, three = clone(tmp_path / "clone"), graph(2), graph(3)
    joins = two.table_cells
    assert run(project, 2) == set(two.cells)
    cells = project / "results" / "cells"

    _, second = joins[0].members
    (cells / "join" / f"{joins[0].id}.parquet").unlink()
    (cells / "train" / f"{second.id}.parquet").unlink()  # as after a kill
    assert run(project, 2) == {second.id, joins[0].id}

    assert run(project, 3) == set(three.cells) - set(two.cells)
    assert len(set(three.cells) - set(two.cells)) == len(joins) * 2  # a seed more, and what joins the three

    for file in (cells / "train").iterdir():
        file.unlink()
    assert run(project, 3) == set()
