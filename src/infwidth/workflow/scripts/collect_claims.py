"""Collect all papers' claims (rule claims)."""

from pathlib import Path

from infwidth.report.ledger import collect
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    collect([Path(path) for path in snakemake.input], Path(snakemake.output[0]))
