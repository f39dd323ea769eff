"""Write the manuscript of this scale (rule manuscript)."""

from pathlib import Path

import pandas as pd

from infwidth.experiments.settings import read_settings
from infwidth.plan.graph import load_graph
from infwidth.report.contents import bibliography_keys, contents
from infwidth.report.ledger import read_ledger
from infwidth.report.manuscript import write_manuscript
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    graph = load_graph(params.scale, params.selection, read_settings(params.settings))
    root = Path("results", graph.scale)
    pictures = zip(params.figures, map(Path, given.figures), strict=True)
    everything = contents(
        graph,
        graph.catalog,
        read_ledger(Path(given.claims)),
        pd.read_csv(given.cells),
        images={name: f"/{picture.relative_to(root).as_posix()}" for name, picture in pictures},
        published=params.published,
        cited=bibliography_keys(Path(given.bibliography)),
    )
    write_manuscript(everything, Path(given.template), Path(given.bibliography), Path(snakemake.output.pdf), root)
