"""Write the pages of the report: claims, catalog, provenance (rule pages)."""

from pathlib import Path

import pandas as pd

from infwidth.files import write_text
from infwidth.report.pages import catalog_page, claims_page, provenance_page
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    given, output, params = snakemake.input, snakemake.output, snakemake.params
    write_text(Path(output.claims), claims_page(pd.read_csv(given.claims), params.titles, params.figures))
    write_text(Path(output.catalog), catalog_page(pd.read_csv(given.catalog), params.all_titles))
    write_text(Path(output.cells), provenance_page(pd.read_csv(given.cells)))
