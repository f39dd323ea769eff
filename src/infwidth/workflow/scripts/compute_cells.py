"""Compute the cells of one job (the rules train_… and solve_…)."""

from pathlib import Path

from infwidth.experiments.cells import read_cell
from infwidth.workflow.cell import compute_cell
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    for document, output in zip(snakemake.params.specs, snakemake.output, strict=True):
        compute_cell(
            read_cell(document, where=Path(output).stem),
            prepared=Path("results/data"),
            output=Path(output),
            device=snakemake.params.device,
            threads=snakemake.threads,
        )
