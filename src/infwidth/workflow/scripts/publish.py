"""Publish tables, claims and figures of this scale (rule publish)."""

from pathlib import Path

from infwidth.report.publish import publish
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    files = dict(zip(snakemake.params.names, map(Path, snakemake.input), strict=True))
    target = Path(snakemake.output[0]).parent
    params = snakemake.params
    publish(files, target, left_out=params.left_out, drawn_by=params.drawn_by, own=params.own)
