"""Prepare one data set (rule prepare_data), unless it is prepared by the code of now from the files of now."""

from pathlib import Path

from infwidth.data.current import is_current
from infwidth.data.prepare import prepare
from infwidth.plan.current import made, note
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    record, params = Path(snakemake.output[0]), snakemake.params
    folder, data_dir = record.parent, Path(params.data_dir)
    told = folder.with_name(f".{folder.name}.made.json")
    if not (made([record], params.key, told) and is_current(params.dataset, params.options, data_dir, folder)):
        prepare(params.dataset, data_dir, folder, workers=snakemake.threads, **params.options)
        note([record], params.key, told)
