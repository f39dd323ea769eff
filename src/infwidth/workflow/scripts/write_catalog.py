"""Write the catalog of all papers' figures with their status (rule catalog)."""

from pathlib import Path

from infwidth.report.catalog import write_catalog
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    write_catalog(
        snakemake.params.cells,
        snakemake.params.left_out,
        snakemake.params.published,
        Path(snakemake.input[0]),
        Path(snakemake.output[0]),
    )
