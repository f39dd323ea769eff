"""The report set as a paper: what it prints, as one JSON file, and the Typst template compiled on it."""

import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from infwidth.errors import DataError
from infwidth.experiments.catalog import Entry
from infwidth.experiments.papers import Paper
from infwidth.files import replacing, write_text
from infwidth.plan.cost import minutes_of, wall_seconds
from infwidth.plan.graph import Graph, in_catalog_order

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUTE = 0.01  # minutes; a figure that takes less than that is shown as less, not as nothing


def number(value: float) -> str:
    """Return a measured number for print: three digits, a true minus sign, powers of ten written out."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    power = f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}" if exponent else ""
    return mantissa.replace("-", "−") + power


def interval(claim: Mapping[Any, Any]) -> str:
    """Return the interval of a row of the ledger for print."""
    return f"{number(claim['ci_low'])} … {number(claim['ci_high'])}"


def report_data(
    graph: Graph,
    catalog: Sequence[Entry],
    claims: pd.DataFrame,
    cells: pd.DataFrame,
    *,
    images: Mapping[str, str],
    cited: set[str],
) -> dict[str, Any]:
    """Return everything that the report prints, ready for JSON: numbers are set as text here, not in the template.

    Papers and figures come in the order of the catalog. ``claims`` and ``cells`` are the ledger and the provenance of
    the scale; claims of figures that were not asked for are left out. ``images`` maps a figure's rule to the path of
    its picture as the template loads it; ``cited`` are the keys of the bibliography. Raises DataError for a figure
    without a picture.
    """
    if missing := [figure.rule for figure in graph.figures if figure.rule not in images]:
        raise DataError(f"no picture of {', '.join(missing)}")
    ordered = in_catalog_order(graph.papers.values(), catalog)
    costs = _cost(graph, cells, ordered)
    papers = [_paper(paper, claims, images, cited) | {"cost": costs["papers"][paper.name]} for paper in ordered]
    figures = [figure for paper in papers for figure in paper["figures"]]
    verdicts = Counter(claim["verdict"] for figure in figures for claim in figure["claims"])
    return {
        "scale": graph.scale,
        "papers": papers,
        "verdicts": [{"verdict": verdict, "n": n} for verdict, n in verdicts.most_common()],
        "claims": verdicts.total(),
        "figures": len(figures),
        "figures_left_out": list(graph.left_out),
        "cost": costs,
        "provenance": provenance(cells),
    }


def _paper(paper: Paper, claims: pd.DataFrame, images: Mapping[str, str], cited: set[str]) -> dict[str, Any]:
    figures = [
        {
            "rule": figure.rule,
            "title": figure.title,
            "caption": figure.caption,
            "image": images[figure.rule],
            "claims": [
                _claim(row)
                for row in claims.to_dict("records")
                if (row["paper"], row["figure"]) == (paper.name, figure.name)
            ],
        }
        for figure in paper.figures
    ]
    return {
        "name": paper.name,
        "title": paper.title,
        "reference": paper.reference,
        "cited": paper.name in cited,
        "figures": figures,
        "deviations": deviations(paper.document["experiments"]),
    }


def _claim(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "claim": row["claim"],
        "statement": row["statement"],
        "expected": row["expected"],
        "measured": number(row["measured"]) if row["n"] > 0 else "—",
        "interval": interval(row) if row["n"] > 0 else "",
        "n": int(row["n"]),
        "verdict": row["verdict"],
        "note": row["note"] if isinstance(row["note"], str) else "",
    }


def deviations(experiments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return source and deviation of every annotated block of a paper's experiments, in their order.

    Blocks that several experiments share word for word are one entry that names them all.
    """
    entries: dict[tuple[str, str, str], list[str]] = {}
    for name, experiment in experiments.items():
        for block, source, deviation in _annotations(experiment, ""):
            entries.setdefault((block, source, deviation), []).append(name)
    return [
        {"experiments": list(dict.fromkeys(names)), "block": block, "source": source, "deviation": deviation}
        for (block, source, deviation), names in entries.items()
    ]


def _annotations(block: Any, name: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(block, Mapping):
        if "source" in block or "deviation" in block:
            yield name, block.get("source", ""), block.get("deviation", "")
        for key, value in block.items():
            yield from _annotations(value, key)
    elif isinstance(block, list):
        for value in block:
            yield from _annotations(value, name)


def _cost(graph: Graph, cells: pd.DataFrame, papers: Sequence[Paper]) -> dict[str, Any]:
    """Return cells and minutes of every figure, of every paper and of all cells once.

    A cell that figures share counts for each of them, and once for each of their papers.
    """
    peak = dict(zip(cells["cell"], cells["peak_memory_mib"], strict=True))
    seconds = wall_seconds(cells)
    rows = []
    for figure in (figure for paper in papers for figure in paper.figures):
        behind = graph.cells_of_figure(figure)
        memory = [peak[cell] for cell in behind if cell in peak]
        rows.append(
            {
                "rule": figure.rule,
                "title": figure.title,
                "cells": len(behind),
                "minutes": _minutes(minutes_of(behind, seconds)),
                "memory": str(round(max(memory))) if memory else "—",
            }
        )
    of_papers = {}
    for paper in papers:
        cells_of_paper = {cell for figure in paper.figures for cell in graph.cells_of_figure(figure)}
        minutes = _minutes(minutes_of(cells_of_paper, seconds))
        of_papers[paper.name] = {"cells": len(cells_of_paper), "minutes": minutes}
    total = _minutes(float(cells["wall_seconds"].sum()) / 60)
    return {"figures": rows, "papers": of_papers, "cells": len(cells), "minutes": total}


def _minutes(minutes: float | None) -> str:
    if minutes is None or math.isnan(minutes):
        return "—"
    return f"< {_MINUTE}" if minutes < _MINUTE else f"{minutes:.2f}"


def provenance(cells: pd.DataFrame) -> dict[str, Any]:
    """Return what the cells were computed with: the distinct values of each column, and data sets with digests."""
    columns = ("version", "python", "torch", "numpy", "device", "machine", "threads", "execution")
    with_data = cells.dropna(subset=["dataset"])  # an exact limit may need none
    return {
        "commits": [{"commit": name, "cells": len(group)} for name, group in cells.groupby("commit")],
        "uncommitted_changes": bool(cells["dirty"].any()),
        **{name: sorted({str(value) for value in cells[name].dropna()}) for name in columns},
        "datasets": [
            {"name": name, "sha256": digest, "cells": len(group)}
            for (name, digest), group in with_data.groupby(["dataset", "dataset_sha256"])
        ],
    }


def bibliography_keys(bibliography: Path) -> set[str]:
    """Return the keys of a BibTeX file."""
    return set(re.findall(r"^@\w+\{([^,\s]+),", bibliography.read_text(encoding="utf-8"), flags=re.MULTILINE))


def write_paper(data: Mapping[str, Any], template: Path, bibliography: Path, output: Path) -> None:
    """Write ``output`` (PDF) from the template, and beside it in ``paper/`` all that it is made of but the pictures.

    The folder of ``output`` is the root of the paths in ``data``. The same data give the same bytes: no date, no fonts
    but the compiler's own. Raises DataError if the compiler is not installed or refuses.
    """
    try:
        import typst
    except ImportError as error:
        raise DataError("the report needs the package typst: pip install typst") from error
    folder = output.parent / "paper"
    write_text(folder / "data.json", json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    for source in (template, bibliography):
        shutil.copyfile(source, folder / source.name)
    try:
        pdf = typst.compile(
            str(folder / template.name),
            root=str(output.parent),
            ignore_system_fonts=True,
            format="pdf",
            timestamp=0,
        )
    except typst.TypstError as error:
        raise DataError(f"{template}: {error}") from error
    with replacing(output) as temporary:
        temporary.write_bytes(pdf)
