"""Write the provenance of all cells (rule provenance)."""

from pathlib import Path

from infwidth.workflow.job import job
from infwidth.workflow.tables import write_provenance

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    write_provenance([Path(path) for path in snakemake.input], Path(snakemake.output[0]))
