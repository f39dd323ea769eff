"""Publish tables, claims and figures of this scale (rule publish)."""

from pathlib import Path

from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.report.publish import publish
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    files = dict(zip(snakemake.params.names, map(Path, snakemake.input), strict=True))
    target = Path(snakemake.output[0]).parent
    params = snakemake.params
    package = this_package()
    drawn_by = {f"{paper}_{name}": package.code_of(entries.of_figure(paper, name)) for paper, name in params.figures}
    publish(files, target, left_out=params.left_out, drawn_by=drawn_by, own=params.own)
