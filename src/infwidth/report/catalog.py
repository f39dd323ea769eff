"""The catalog's figures and what has become of each.

What there is to rebuild is data (``papers/catalog.csv``). What has become of it is never typed: it follows from the
figures in the code, from what is published and from recorded run times.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from infwidth.experiments.catalog import COSTS, OURS, Entry, check_catalog
from infwidth.files import write_text
from infwidth.plan.cost import minutes_by_figure, wall_seconds
from infwidth.plan.graph import Graph

PUBLISHED = "published"
BUILT = "built, not published"
NOT_YET = "not yet"
CANNOT = "cannot be rebuilt here"
STATUSES = (PUBLISHED, BUILT, NOT_YET, CANNOT)


def catalog_table(
    catalog: Sequence[Entry],
    built: Collection[str],
    published: Mapping[str, Sequence[str]],
    minutes: Mapping[str, float | None],
    beyond: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return one row a figure of the catalog with its ``status``, and the reason (``why``) where it is not rebuilt.

    ``built`` names the figures in the code, ``published`` the scales each is published at, ``minutes`` the recorded
    minutes of one core behind each; a figure without a record has none. ``beyond`` says why figures of class X cannot
    be rebuilt, in the words of their papers. Raises SpecError where code and catalog disagree.
    """
    beyond = beyond or {}
    check_catalog(catalog, built, beyond)
    records = []
    for entry in catalog:
        name = entry.rule
        scales = published.get(name, ()) if name in built else ()
        why = ""
        if scales:
            status = PUBLISHED
        elif name in built:
            status = BUILT
        elif entry.cost == "X":
            status, why = CANNOT, beyond.get(name, COSTS["X"])
        else:
            status, why = (
                NOT_YET,
                f"to come in stage {entry.stage}" + (f", {COSTS['G']}" if entry.cost == "G" else ""),
            )
        records.append(
            {
                "paper": entry.paper,
                "figure": name,
                "what": entry.what,
                "status": status,
                "scales": " ".join(scales),
                "why": why,
                "minutes": minutes.get(name) if name in built else None,
                "cost": entry.cost,
                "stage": OURS if entry.ours else entry.stage,
            }
        )
    return pd.DataFrame(records).astype({"minutes": float})


def write_catalog(graph: Graph, published: Mapping[str, Sequence[str]], provenance: Path, output: Path) -> None:
    """Write the catalog of one run of the workflow, on ``graph``, as CSV; minutes are those in its ``provenance``."""
    minutes = minutes_by_figure(graph, wall_seconds(pd.read_csv(provenance)))
    table = catalog_table(graph.catalog, [*minutes, *graph.left_out], published, minutes, graph.beyond)
    write_text(output, table.to_csv(index=False, lineterminator="\n"))
