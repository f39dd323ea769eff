"""Write the table of one experiment (rule table)."""

from pathlib import Path

from infwidth.results.tables import write_table
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    write_table([Path(path) for path in snakemake.input], snakemake.params.axes, Path(snakemake.output[0]))
