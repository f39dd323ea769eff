"""Write the pages of the report (rule pages)."""

import os
from pathlib import Path

import pandas as pd

from infwidth.experiments.settings import read_settings
from infwidth.plan.graph import load_graph
from infwidth.report.contents import contents
from infwidth.report.ledger import read_ledger
from infwidth.report.render import pages, write_pages
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    graph = load_graph(params.scale, params.selection, read_settings(params.settings))
    cells = pd.read_csv(given.cells)
    images = {figure.rule: f"figures/{figure.paper}/{figure.name}.png" for figure in graph.figures}
    said = contents(
        graph, graph.catalog, read_ledger(Path(given.claims)), cells, images=images, published=params.published
    )
    folder = Path(snakemake.output[0]).parent
    root = os.path.relpath(Path("results", graph.scale), folder)
    write_pages(pages(said, cells, "html", root=f"{root}/"), folder)
