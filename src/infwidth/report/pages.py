"""Tables of the report as pages to read: the ledger of claims, the catalog and the provenance, each one HTML file."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import pandas as pd

from infwidth.report.pdf import interval, number, provenance

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; color: #1e293b; margin: 1.5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.7rem 0.25rem 0; border-bottom: 1px solid #e2e8f0; }
th { border-bottom: 2px solid #64748b; }
th[colspan] { border-bottom: 1px solid #64748b; padding-top: 0.9rem; }
small { color: #475569; }
code { font-size: 0.85em; }
code, .verdict, .number { white-space: nowrap; }
.verdict { font-weight: 600; }
.reproduced, .published { color: #15803d; }
.not-reproduced { color: #b91c1c; }
.inconclusive { color: #a16207; }
"""

# Columns of the provenance that hold few values, by what the page calls them.
_FACTS = {
    "version": "infwidth",
    "python": "Python",
    "torch": "torch",
    "numpy": "numpy",
    "device": "devices",
    "machine": "machines",
    "threads": "threads a cell",
}


def claims_page(claims: pd.DataFrame, titles: Mapping[str, str], figures: Mapping[str, str]) -> str:
    """Return the ledger of claims as a page: how many verdicts of each kind, then a table a paper, by its figures.

    ``titles`` maps the names of papers and ``figures`` those of figures (as in the workflow) to their titles; the page
    keeps the order of both. Claims of figures that are not among them are left out.
    """
    rules = claims["paper"] + "_" + claims["figure"]
    shown = claims[rules.isin(list(figures))]
    verdicts = list(shown["verdict"].value_counts().index)
    counts, tables = [], ""
    for paper, title in titles.items():
        of_paper = shown[shown["paper"] == paper]
        if of_paper.empty:
            continue
        link = f'<a href="#{escape(paper)}">{escape(title)}</a>'
        counts.append((link, *(str((of_paper["verdict"] == verdict).sum() or "") for verdict in verdicts)))
        rows = []
        for rule, figure in figures.items():
            of_figure = of_paper[rules[of_paper.index] == rule]
            if len(of_figure):
                rows.append(f'<tr><th colspan="4">{escape(figure)} {_code(rule)}</th></tr>')
                rows += [_row(_claim(claim)) for claim in of_figure.to_dict("records")]
        tables += f'<h2 id="{escape(paper)}">{escape(title)}</h2>\n'
        tables += _table(["claim", "expected", "measured", "verdict"], rows)
    total = ("all", *(str((shown["verdict"] == verdict).sum()) for verdict in verdicts))
    body = _table(["paper", *verdicts], map(_row, [*counts, total]))
    body += "<p>Measured: the value, and in brackets its 95 % interval and the number n of seeds.</p>\n"
    return _page("Claims", body + tables)


def _claim(claim: Mapping[Any, Any]) -> tuple[str, ...]:
    note = f"<br><small>{escape(claim['note'])}</small>" if isinstance(claim["note"], str) and claim["note"] else ""
    measured = "—"
    if claim["n"] > 0:
        measured = f"{number(claim['measured'])}<br><small>({interval(claim)}, n = {claim['n']})</small>"
    measured = f'<span class="number">{measured}</span>'
    return escape(claim["statement"]) + note, escape(claim["expected"]), measured, _marked(claim["verdict"])


def catalog_page(catalog: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return the catalog as a page: a table a paper, a row a figure. ``titles`` maps names of papers to titles."""
    status = catalog["status"].value_counts()
    body = f"<p>{len(catalog)} figures: {escape(', '.join(f'{n} {name}' for name, n in status.items()))}.</p>\n"
    for paper, figures in catalog.groupby("paper", sort=False):
        rows = [
            (
                _code(row["figure"]),
                escape(row["what"]),
                f"{_marked(row['status'])}<br><small>{escape(row['scales'] + row['why'])}</small>",
                "" if pd.isna(row["minutes"]) else f"{row['minutes']:.2f}",
                escape(row["cost"]),
            )
            for row in figures.fillna({"scales": "", "why": ""}).to_dict("records")
        ]
        body += f"<h2>{escape(titles[str(paper)])}</h2>\n"
        body += _table(["figure", "shows", "status", "minutes", "cost"], map(_row, rows))
    return _page("Catalog", body)


def provenance_page(cells: pd.DataFrame) -> str:
    """Return the provenance of all cells as a page: what they were computed with, the data sets, then a row a cell."""
    made = provenance(cells)
    facts = [
        ("commits", ", ".join(f"{_code(found['commit'][:12])} ({found['cells']} cells)" for found in made["commits"])),
        ("uncommitted changes", "yes" if made["uncommitted_changes"] else "none"),
        *((name, escape(", ".join(made[column]))) for column, name in _FACTS.items()),
    ]
    data = [(escape(found["name"]), _code(found["sha256"]), str(found["cells"])) for found in made["datasets"]]
    rows = [
        (
            _code(cell["cell"]),
            escape(_what(json.loads(cell["spec"]))),
            escape(cell["dataset"]),
            f"{cell['wall_seconds']:.1f}",
            str(cell["peak_memory_mib"]),
            _code(cell["commit"][:12] + (" (dirty)" if cell["dirty"] else "")),
        )
        for cell in cells.fillna({"dataset": ""}).sort_values("wall_seconds", ascending=False).to_dict("records")
    ]
    body = _table(["computed with", ""], map(_row, facts))
    body += "<h2>Data sets</h2>\n" + _table(["data set", "SHA-256", "cells"], map(_row, data))
    body += f"<h2>All {len(cells)} cells, the longest first</h2>\n"
    body += _table(["cell", "computes", "data set", "seconds", "MiB", "commit"], map(_row, rows))
    return _page("Provenance", body)


def _what(spec: Mapping[str, Any]) -> str:
    """Return in a few words what a cell computes."""
    if spec["kind"] == "limit":
        return f"limit {spec['limit']['name']}"
    width = f", width {spec['model']['width']}" if "width" in spec["model"] else ""
    return f"training of {spec['model']['name']}{width}, {spec['parametrization']['rule']}, {spec['optimizer']['name']}"


def _code(name: str) -> str:
    return f"<code>{escape(name)}</code>"


def _marked(word: str) -> str:
    return f'<span class="verdict {escape(word).replace(" ", "-")}">{escape(word)}</span>'


def _row(cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    return "\n".join([f"<table>\n<tr>{heads}</tr>", *rows, "</table>\n"])


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}</body>\n</html>\n"
    )
