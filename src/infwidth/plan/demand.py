"""What a job asks a cluster for, memory and minutes, from the recorded runs of its cells.

Read at every parse, of which a job on a cluster makes two: no pandas, and no file but the published provenance.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from infwidth.errors import DataError

#: Another machine may be slower, and share its cores and disks with others.
TIME_FACTOR = 3
#: Start of the job: Snakemake and torch, from a file system that may be cold.
START_MINUTES = 10
#: A data set prepared anew, another version of torch.
MEMORY_FACTOR = 1.5
#: Snakemake's own processes beside the cell; on a GPU also the host's side of CUDA, which runs on a CPU do not show.
BESIDE_MB, BESIDE_MB_GPU = 1500, 6000
#: Below this many seconds a cell is over before a cluster has started its job.
SMALL_SECONDS = 10


@dataclass(frozen=True)
class Run:
    """A recorded run of a cell: wall seconds, peak memory in MiB, and whether it was on a GPU."""

    seconds: float
    memory_mib: float
    on_gpu: bool


@dataclass(frozen=True)
class Demand:
    """What a job asks for; ``memory_mb`` is in MiB, which Slurm and Snakemake call MB."""

    memory_mb: int
    minutes: int


def published_runs(published: Path) -> dict[str, Run]:
    """Return cell → its run, from the published provenance of all scales; raise DataError for a damaged file."""
    runs: dict[str, Run] = {}
    for file in sorted(published.glob("*/cells.csv")):
        try:
            with file.open(encoding="utf-8", newline="") as rows:
                runs |= {
                    row["cell"]: Run(
                        float(row["wall_seconds"]), float(row["peak_memory_mib"]), on_gpu=row["device"] != "cpu"
                    )
                    for row in csv.DictReader(rows)
                }
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{file}: not a whole table of cells; take it from the repository again") from error
    return runs


def _known(cells: Collection[str], runs: Mapping[str, Run], gpu: bool) -> list[Run] | None:
    """Return the runs of all ``cells``; None where one never ran. A CPU bounds a GPU's time, not the other way."""
    if not all(cell in runs and (gpu or not runs[cell].on_gpu) for cell in cells):
        return None
    return [runs[cell] for cell in cells]


def demand(cells: Collection[str], runs: Mapping[str, Run], *, gpu: bool, unrecorded: Demand) -> Demand:
    """Return what a job that computes ``cells`` in turn asks for; ``unrecorded`` where one of them never ran."""
    known = _known(cells, runs, gpu)
    if known is None:
        return unrecorded
    return Demand(
        memory_mb=ceil(MEMORY_FACTOR * max(run.memory_mib for run in known)) + (BESIDE_MB_GPU if gpu else BESIDE_MB),
        minutes=ceil(TIME_FACTOR * sum(run.seconds for run in known) / 60) + START_MINUTES,
    )


def is_small(cells: Collection[str], runs: Mapping[str, Run]) -> bool:
    """Return whether ``cells`` take less time on a CPU than a cluster needs to start a job for them."""
    known = _known(cells, runs, gpu=False)
    return known is not None and sum(run.seconds for run in known) < SMALL_SECONDS
