"""Judge one paper's claims on its tables (rule paper_claims)."""

from pathlib import Path

from infwidth.report.ledger import judge
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    tables = dict(zip(snakemake.params.tables, map(Path, snakemake.input), strict=True))
    judge(snakemake.wildcards.paper, tables, Path(snakemake.output[0]), snakemake.params.figures)
