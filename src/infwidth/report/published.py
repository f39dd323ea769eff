"""What is published: which figures at which scales, and whether the files are still those of the manifest."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infwidth.errors import DataError
from infwidth.plan.graph import Graph, load_graph

MANIFEST = "MANIFEST.json"
_AGAIN = "take it from the repository again"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a published scale. Raises DataError where it is absent or not what publishing writes."""
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if not (isinstance(manifest["sha256"], dict) and isinstance(manifest["figures_not_run"], list)):
            raise TypeError("'sha256' and 'figures_not_run' are not a mapping and a list")
    except FileNotFoundError as error:
        raise DataError(f"{file} is not there: nothing is published at scale '{folder.name}'") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: not a whole manifest ({error}); {_AGAIN}") from error
    return manifest


def check_published(folder: Path, names: Iterable[str]) -> None:
    """Raise DataError for the first of the files ``names`` in ``folder`` that is not the one that was published."""
    digests = read_manifest(folder)["sha256"]
    for name in names:
        if name not in digests:
            raise DataError(f"{folder / name} is not published: {folder / MANIFEST} does not list it")
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise DataError(f"{folder / name}: published, but it cannot be read ({error}); {_AGAIN}") from error
        if found != digests[name]:
            raise DataError(
                f"{folder / name} is not what was published: its SHA-256 differs from the manifest's; {_AGAIN}"
            )


def published_scales(published: Path) -> dict[str, list[str]]:
    """Return figure → the scales it is published at, from the images and the manifests of ``results/published``.

    Raises DataError where a manifest says that a figure was not run, and its image is there.
    """
    scales: dict[str, list[str]] = {}
    for folder in sorted(path.parent for path in published.glob(f"*/{MANIFEST}")):
        not_run = read_manifest(folder)["figures_not_run"]
        for image in sorted((folder / "figures").glob("*.png")):
            if image.stem in not_run:
                raise DataError(f"{image} is there, and {folder / MANIFEST} says it was not run")
            scales.setdefault(image.stem, []).append(folder.name)
    return scales


def published_figures(folder: Path) -> list[str]:
    """Return the figures that are published at the scale ``folder``: a figure that came later is in no manifest.

    Raises DataError where nothing is published.
    """
    read_manifest(folder)
    return sorted(image.stem for image in (folder / "figures").glob("*.png"))


def with_published(figures: str, folder: Path) -> str:
    """Return ``figures``, names separated by commas, with those of the published scale ``folder`` for "published".

    So more figures of a scale are published beside those that are. Raises DataError where nothing is published.
    """
    parts = [part.strip() for part in figures.split(",")]
    if "published" not in parts:
        return figures
    there = published_figures(folder)
    return ",".join(dict.fromkeys(name for part in parts for name in (there if part == "published" else [part])))


def of_published(graph: Graph, folder: Path) -> Graph:
    """Return the graph of those figures that are published at the scale ``folder``."""
    there = published_figures(folder)
    kept = [figure.rule for figure in graph.figures if figure.rule in there]
    return graph if len(kept) == len(graph.figures) else load_graph(graph.scale, ",".join(kept), own=bool(graph.own))


def published_part(graph: Graph, published: Path, *, all_figures: bool) -> Graph:
    """Return the graph of what can be drawn from published tables, which are checked against the manifest.

    With ``all_figures`` those that are not published at the scale are left out; a graph of figures asked for by name
    stays as it is. Raises DataError for a table that is not published, or no longer what was published.
    """
    folder = published / graph.scale
    if all_figures:
        graph = of_published(graph, folder)
    check_published(folder, [f"tables/{paper}/{name}.parquet" for paper, name in graph.tables] + ["cells.csv"])
    return graph
