"""Time and memory of the workflow in a fresh copy of this checkout: parse, a whole run, a run with nothing to do.

    ./run python benchmarks/workflow.py --scale smoke
    ./run python benchmarks/workflow.py --scale laptop --figures harvard2024_ntk_vs_width,harvard2024_mup_vs_ntk

Prints one number a line. The overhead is the CPU time that is not in the cells' own records, which count from after
Python's start: it holds the start of Python, Snakemake, tables, figures and the report.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from infwidth.plan.graph import load_graph

ROOT = Path(__file__).parents[1]


def copy(target: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)


def timed(project: Path, *arguments: str) -> tuple[float, float]:
    """Return wall and CPU seconds of one Snakemake command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="smoke")
    parser.add_argument("--figures", default="all")
    options = parser.parse_args()
    config = ("--config", f"scale={options.scale}", f"figures={options.figures}", "device=cpu")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "clone"
        copy(project)
        parse, _ = timed(project, "--list-rules", *config)
        print(f"parse and list the rules: {parse:.1f} s")
        wall, cpu = timed(project, *config)
        cells = pd.read_csv(project / "results" / load_graph(options.scale, options.figures).folder / "cells.csv")
        inside = cells["cpu_seconds"].sum()
        print(f"whole run on two cores: {wall:.0f} s, {cpu:.0f} CPU s, {len(cells)} cells")
        print(f"outside the cells: {100 * (cpu - inside) / cpu:.0f} % of the CPU time")
        print(f"largest peak memory of a cell: {cells['peak_memory_mib'].max()} MiB")
        again, _ = timed(project, *config)
        print(f"second run, nothing to do: {again:.1f} s")


if __name__ == "__main__":
    main()
