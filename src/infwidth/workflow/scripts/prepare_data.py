"""Prepare one data set (rule prepare_data)."""

from pathlib import Path

from infwidth.data.prepare import prepare
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    prepare(snakemake.wildcards.dataset, Path(snakemake.params.data_dir), Path(snakemake.output[0]).parent)
