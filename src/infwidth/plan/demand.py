"""What a job asks a cluster for, memory and minutes, from the recorded runs of its cells.

Read at every parse, of which a job on a cluster makes two: no pandas, and no file but the published provenance.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from infwidth.errors import DataError
from infwidth.experiments.cells import Cell

#: Another machine may be slower, and share its cores and disks with others.
TIME_FACTOR = 3
#: Start of the job: Snakemake and torch, from a file system that may be cold.
START_MINUTES = 10
#: A data set prepared anew, another version of torch.
MEMORY_FACTOR = 1.5
#: Snakemake's own processes beside the cell; on a GPU also the host's side of CUDA, which runs on a CPU do not show.
BESIDE_MB, BESIDE_MB_GPU = 1500, 6000
#: Seconds of recorded work in a job of a cluster, which takes a minute or more to be started.
BUNDLE_SECONDS = 600.0


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


def demand(cell: str, runs: Mapping[str, Run], *, gpu: bool, unrecorded: Demand, alone: bool) -> Demand:
    """Return what a job that computes a cell asks for; ``unrecorded`` where it never ran.

    ``alone`` is whether a cluster starts a job for this cell; in a bundle (:func:`bundles`) the start is shared.
    """
    run = runs.get(cell)
    if run is None or (run.on_gpu and not gpu):  # a CPU bounds a GPU's time, not the other way
        return unrecorded
    return Demand(
        memory_mb=ceil(MEMORY_FACTOR * run.memory_mib) + (BESIDE_MB_GPU if gpu else BESIDE_MB),
        minutes=ceil(TIME_FACTOR * run.seconds / 60) + (START_MINUTES if alone else 1),
    )


def bundles(cells: Iterable[Cell], runs: Mapping[str, Run]) -> dict[str, str]:
    """Return cell → the name of the job in which a cluster computes it, one after the other, with others of its kind.

    A bundle is full at BUNDLE_SECONDS; a cell that never ran is one by itself, and one that joins others always is: it
    waits for no others than these.
    """
    names: dict[str, str] = {}
    count: Counter[str] = Counter()
    filled: dict[str, float] = {}
    for cell in cells:
        seconds = runs[cell.id].seconds if cell.id in runs else BUNDLE_SECONDS
        if cell.kind == "join":
            names[cell.id] = f"join_{cell.id}"
            continue
        if filled.get(cell.kind, BUNDLE_SECONDS) + seconds > BUNDLE_SECONDS:
            count[cell.kind] += 1
            filled[cell.kind] = 0.0
        filled[cell.kind] += seconds
        names[cell.id] = f"{cell.kind}_{count[cell.kind]}"
    return names
