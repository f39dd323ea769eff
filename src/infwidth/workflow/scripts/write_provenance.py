"""Write the provenance of all cells (rule provenance)."""

from pathlib import Path

from infwidth.results.tables import write_provenance
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    write_provenance([Path(path) for path in snakemake.input], Path(snakemake.output[0]))
