"""Compute one cell (rules train and limit)."""

from pathlib import Path

from infwidth.workflow.cell import compute_cell
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    compute_cell(
        snakemake.params.spec,
        prepared=Path("results/data"),
        output=Path(snakemake.output[0]),
        device=snakemake.params.device,
        threads=snakemake.threads,
    )
