"""Write the catalog of all papers' figures with their status (rule catalog)."""

from pathlib import Path

from infwidth.experiments.settings import read_settings
from infwidth.plan.graph import load_graph
from infwidth.report.catalog import write_catalog
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    params = snakemake.params
    graph = load_graph(params.scale, params.selection, read_settings(params.settings))
    write_catalog(graph, params.published, Path(snakemake.input[0]), Path(snakemake.output[0]))
