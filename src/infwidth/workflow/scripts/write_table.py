"""Write the table of one experiment (rule table)."""

from pathlib import Path

from infwidth.workflow.job import job
from infwidth.workflow.tables import write_table

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    write_table([Path(path) for path in snakemake.input], snakemake.params.axes, Path(snakemake.output[0]))
