"""Where things lie, relative to the folder in which the workflow runs."""

from pathlib import Path

from infwidth.experiments.cells import Cell

RESULTS = Path("results")
CELLS = RESULTS / "cells"
PREPARED = RESULTS / "data"
PUBLISHED = RESULTS / "published"
LOGS = RESULTS / "logs"
#: What this project keeps of its own beside Snakemake's records; anything in it may be deleted.
KEPT = Path(".snakemake") / "infwidth"


def cell_file(cell: Cell) -> Path:
    """Return the file of a cell."""
    return CELLS / cell.kind / f"{cell.id}.parquet"


def table_file(scale: str, paper: str, experiment: str, *, published: bool = False) -> Path:
    """Return the file of an experiment's table: the one made here or the published one."""
    return (PUBLISHED if published else RESULTS) / scale / "tables" / paper / f"{experiment}.parquet"


def figure_file(scale: str, paper: str, figure: str, suffix: str) -> Path:
    """Return the file of a figure; ``suffix`` is pdf or png."""
    return RESULTS / scale / "figures" / paper / f"{figure}.{suffix}"


def claims_file(folder: str, paper: str) -> Path:
    """Return the file of a paper's claims; ``folder`` is that of :attr:`infwidth.plan.graph.Graph.folder`."""
    return RESULTS / folder / "claims" / f"{paper}.csv"


def made_file(product: Path) -> Path:
    """Return the file beside a product that says what it was made from."""
    return product.with_name(f".{product.name.partition('.')[0]}.made.json")
