"""Judge one paper's claims on its tables (rule paper_claims)."""

from pathlib import Path

from infwidth.workflow.job import job
from infwidth.workflow.ledger import judge

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    tables = dict(zip(snakemake.params.tables, map(Path, snakemake.input), strict=True))
    judge(snakemake.wildcards.paper, tables, Path(snakemake.output[0]))
