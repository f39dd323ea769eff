"""What people read of published results: a page a paper in the folder of each scale, and a block of the README."""

from pathlib import Path

import pandas as pd

from infwidth.errors import SpecError
from infwidth.experiments.catalog import read_catalog
from infwidth.files import write_text
from infwidth.plan.graph import load_graph
from infwidth.report.contents import Contents, contents
from infwidth.report.elsewhere import machine_class, read_elsewhere
from infwidth.report.ledger import read_ledger
from infwidth.report.published import MANIFEST, of_published, published_scales
from infwidth.report.render import pages, render_block, write_pages

BEGIN = "<!-- published: written by ./run python -m infwidth readme -->"
END = "<!-- end of published -->"
FOLDER = "results/published/"


def scales(published: Path) -> list[str]:
    """Return the names of the published scales."""
    return sorted(path.parent.name for path in published.glob(f"*/{MANIFEST}"))


def published_contents(folder: Path) -> tuple[Contents, pd.DataFrame]:
    """Return what a published scale (its folder) has to say, and the provenance of its cells."""
    graph = of_published(load_graph(folder.name, own=False), folder)
    cells, others = pd.read_csv(folder / "cells.csv"), read_elsewhere(folder)
    said = contents(
        graph,
        read_catalog(),
        read_ledger(folder / "claims.csv"),
        cells,
        images={figure.rule: f"figures/{figure.rule}.png" for figure in graph.figures},
        published=published_scales(folder.parent),
        elsewhere=others[others["machine"] != machine_class(cells)],
    )
    return said, cells


def published_pages(folder: Path) -> dict[str, str]:
    """Return the pages (path within ``folder`` → Markdown) of a published scale."""
    said, cells = published_contents(folder)
    return pages(said, cells, "markdown")


def with_published(readme: str, published: Path) -> str:
    """Return the README's text with what is published between its two marks: a line a scale, with its verdicts.

    Raises SpecError where the marks are not there.
    """
    if BEGIN not in readme or END not in readme:
        raise SpecError(f"README.md: the marks '{BEGIN}' and '{END}' are not there")
    head, rest = readme.split(BEGIN)
    said = [published_contents(published / scale)[0] for scale in scales(published)]
    block = render_block("readme", scales=said, folder=FOLDER)
    return f"{head}{BEGIN}\n\n{block}\n\n{END}{rest.split(END)[1]}"


def write_published(readme: Path, published: Path) -> None:
    """Write the pages of all published scales, and the README's block."""
    for scale in scales(published):
        write_pages(published_pages(published / scale), published / scale)
    write_text(readme, with_published(readme.read_text(encoding="utf-8"), published))
