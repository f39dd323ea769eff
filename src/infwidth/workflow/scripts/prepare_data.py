"""Prepare one data set (rule prepare_data)."""

from pathlib import Path

from infwidth.data.prepare import prepare
from infwidth.plan.current import note
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    record, params = Path(snakemake.output[0]), snakemake.params
    prepare(params.dataset, Path(params.data_dir), record.parent, workers=snakemake.threads, **params.options)
    note([record], params.key, record.parent.with_name(f".{record.parent.name}.made.json"))
