"""What a job asks a cluster for: recorded runs with a margin, and a stated amount where nothing is recorded."""

from pathlib import Path

import pytest

from infwidth.errors import DataError
from infwidth.plan import demand as rules
from infwidth.plan.demand import Demand, Run, bundles, demand, published_runs
from infwidth.plan.graph import load_graph
from infwidth.workflow.gpu import gpu_is_used

ROOT = Path(__file__).parents[3]
UNRECORDED = Demand(memory_mb=16000, minutes=480)
RUNS = {"a": Run(100, 800, on_gpu=False), "b": Run(20, 1000, on_gpu=False), "c": Run(5, 3000, on_gpu=True)}


def asked(cell: str, *, gpu: bool = False, alone: bool = True) -> Demand:
    return demand(cell, RUNS, gpu=gpu, unrecorded=UNRECORDED, alone=alone)


def test_a_job_asks_for_time_and_memory_with_a_margin() -> None:
    assert asked("a") == Demand(memory_mb=1200 + rules.BESIDE_MB, minutes=5 + rules.START_MINUTES)


def test_in_a_bundle_the_start_is_shared() -> None:
    assert asked("a", alone=False).minutes == 5 + 1


def test_on_a_gpu_a_job_asks_for_more_memory() -> None:
    assert asked("a", gpu=True).memory_mb == 1200 + rules.BESIDE_MB_GPU


def test_a_run_on_a_gpu_says_nothing_of_a_cpu() -> None:
    assert asked("c") == UNRECORDED
    assert asked("c", gpu=True).memory_mb == 4500 + rules.BESIDE_MB_GPU


def test_a_cell_that_never_ran_asks_for_what_is_configured() -> None:
    assert asked("new") == UNRECORDED


@pytest.mark.parametrize("scale", ["smoke", "laptop"])
def test_a_bundle_is_of_one_kind_and_full_at_ten_minutes(scale: str) -> None:
    runs = published_runs(ROOT / "results" / "published")
    graph = load_graph(scale)
    names = bundles(graph.cells.values(), runs)
    assert set(names) == set(graph.cells)
    for name in set(names.values()):
        cells = [graph.cells[cell] for cell in names if names[cell] == name]
        assert len({cell.kind for cell in cells}) == 1
        known = [runs[cell.id].seconds for cell in cells if cell.id in runs]
        assert len(cells) == 1 or (len(known) == len(cells) and sum(known) <= rules.BUNDLE_SECONDS)
    if scale == "laptop":
        recorded = [name for cell, name in names.items() if cell in runs]
        assert len(set(recorded)) < len(recorded) / 8  # cells that never ran are bundles by themselves, and part others


@pytest.mark.parametrize("scale", ["laptop", "workstation"])
def test_published_runs_are_those_of_described_cells(scale: str) -> None:
    runs = published_runs(ROOT / "results" / "published")
    assert set(load_graph(scale).cells) & set(runs)
    assert all(run.seconds > 0 and run.memory_mib > 50 for run in runs.values())


@pytest.mark.parametrize("content", ["cell\na\n", "cell,wall_seconds,peak_memory_mib,device\na,fast,1,cpu\n", "x\n1\n"])
def test_a_damaged_provenance_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "laptop").mkdir()
    (tmp_path / "laptop" / "cells.csv").write_text(content)
    with pytest.raises(DataError, match=r"laptop/cells\.csv: not a whole table of cells"):
        published_runs(tmp_path)


def test_where_a_cluster_computes_only_a_gpu_that_is_asked_for_counts() -> None:
    assert gpu_is_used("cuda", here=False)
    assert gpu_is_used("cuda", here=True)
    assert not gpu_is_used("auto", here=False)
    assert not gpu_is_used("cpu", here=True)
    assert gpu_is_used("auto", here=True) == Path("/dev/nvidiactl").exists()
