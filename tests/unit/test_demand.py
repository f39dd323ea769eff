"""What a job asks a cluster for: recorded runs with a margin, and a stated amount where nothing is recorded."""

from pathlib import Path

import pytest

from infwidth.errors import DataError
from infwidth.plan.demand import Demand, Run, demand, is_small, published_runs
from infwidth.plan.graph import load_graph
from infwidth.workflow import demand as rules
from infwidth.workflow.gpu import gpu_is_used

ROOT = Path(__file__).parents[2]
UNRECORDED = Demand(memory_mb=16000, minutes=480)
RUNS = {"a": Run(100, 800, on_gpu=False), "b": Run(20, 1000, on_gpu=False), "c": Run(5, 3000, on_gpu=True)}


def test_a_job_asks_for_the_time_of_all_its_cells_and_the_memory_of_the_largest() -> None:
    asked = demand(["a", "b"], RUNS, gpu=False, unrecorded=UNRECORDED)
    assert asked == Demand(memory_mb=1500 + rules.BESIDE_MB, minutes=6 + rules.START_MINUTES)


def test_on_a_gpu_a_job_asks_for_more_memory() -> None:
    assert demand(["a"], RUNS, gpu=True, unrecorded=UNRECORDED).memory_mb == 1200 + rules.BESIDE_MB_GPU


def test_a_run_on_a_gpu_says_nothing_of_a_cpu() -> None:
    assert demand(["c"], RUNS, gpu=False, unrecorded=UNRECORDED) == UNRECORDED
    assert demand(["c"], RUNS, gpu=True, unrecorded=UNRECORDED).memory_mb == 4500 + rules.BESIDE_MB_GPU


def test_a_job_with_a_cell_that_never_ran_asks_for_what_is_configured() -> None:
    assert demand(["a", "new"], RUNS, gpu=False, unrecorded=UNRECORDED) == UNRECORDED


def test_small_is_what_is_known_to_be_over_soon_on_a_cpu() -> None:
    runs = {"s": Run(4, 200, on_gpu=False), "t": Run(7, 200, on_gpu=False), "g": Run(1, 200, on_gpu=True)}
    assert is_small(["s"], runs)
    assert not is_small(["s", "t"], runs)
    assert not is_small(["g"], runs)
    assert not is_small(["new"], runs)


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
