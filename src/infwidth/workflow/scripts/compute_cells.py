"""Compute the cells of one job (the rules train_… and limit_…)."""

from pathlib import Path

from infwidth.workflow.cell import compute_cell
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    for spec, output in zip(snakemake.params.specs, snakemake.output, strict=True):
        compute_cell(
            spec,
            prepared=Path("results/data"),
            output=Path(output),
            device=snakemake.params.device,
            threads=snakemake.threads,
        )
