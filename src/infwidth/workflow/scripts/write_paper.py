"""Write the report of this scale as a paper (rule paper)."""

from pathlib import Path

import pandas as pd

from infwidth.experiments.catalog import read_catalog
from infwidth.plan.graph import load_graph
from infwidth.report.pdf import bibliography_keys, report_data, write_paper
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    given, output, params = snakemake.input, Path(snakemake.output.pdf), snakemake.params
    pictures = zip(params.figures, map(Path, given.figures), strict=True)
    data = report_data(
        load_graph(params.scale, Path(params.schemas), params.selection),
        read_catalog(),
        pd.read_csv(given.claims),
        pd.read_csv(given.cells),
        images={name: f"/{picture.relative_to(output.parent).as_posix()}" for name, picture in pictures},
        cited=bibliography_keys(Path(given.bibliography)),
    )
    write_paper(data, Path(given.template), Path(given.bibliography), output)
