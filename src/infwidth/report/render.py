"""Pages from templates: one template a page, two forms, Markdown for the repository and HTML for the report.

A template says what is on a page by the macros of a form (``heading``, ``table``, …), which the form's file defines.
Plain text that a template prints is escaped as its form needs.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import jinja2
import pandas as pd
from markupsafe import Markup

from infwidth.files import write_text
from infwidth.report.contents import ClaimRow, Contents, cell_rows, part_reproduced, tally

Form = Literal["markdown", "html"]
_SUFFIX = {"markdown": ".md", "html": ".html"}

TEMPLATES = Path(__file__).parent / "templates"


def pages(contents: Contents, cells: pd.DataFrame, form: Form, *, root: str = "") -> dict[str, str]:
    """Return all pages of a scale, path → text: an index, claims, catalog, provenance, and one a paper.

    One more says what would decide the claims that are open.
    ``cells`` is the provenance of all cells. ``root`` leads from the folder of the pages to that of the scale, from
    which the pictures are found.
    """
    index = "README" if form == "markdown" else "index"
    facts = {"index": index, "suffix": _SUFFIX[form], "root": root}
    written = {
        "claims": _render("claims", form, facts, contents=contents),
        "undecided": _render("undecided", form, facts, contents=contents, rows=_undecided(contents)),
        "catalog": _render("catalog", form, facts, contents=contents),
        "provenance": _render("provenance", form, facts, contents=contents, cells=cell_rows(cells)),
        index: _render("scale", form, facts, contents=contents),
    }
    in_folder = facts | {"root": f"../{root}", "pages": "../"}
    for paper in contents.papers:
        rows = next(row for row in contents.catalog if row.name == paper.name)
        written[f"papers/{paper.name}"] = _render(
            "paper", form, in_folder, contents=contents, paper=paper, catalog=rows
        )
    return {f"{name}{_SUFFIX[form]}": text for name, text in written.items()}


def write_pages(written: Mapping[str, str], folder: Path) -> None:
    """Write pages (path → text) into ``folder``."""
    for name, text in written.items():
        write_text(folder / PurePosixPath(name), text)


def render_block(name: str, **facts: Any) -> str:
    """Return a template that is no page of its own, in Markdown, without the line break at its end."""
    return _render(name, "markdown", {"index": "README", "suffix": ".md", "root": ""}, **facts).strip()


def _render(name: str, form: Form, facts: Mapping[str, Any], **more: Any) -> str:
    text = _environment(form).get_template(f"{name}.jinja").render(**{"pages": "", **facts, **more})
    if form == "markdown":  # a table ends at an empty line
        text = re.sub(r"\|\n\n+(?=\|)", "|\n", re.sub(r"[ \t]+\n", "\n", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment(form: Form) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_markdown_text if form == "markdown" else None,
    )
    environment.globals.update(form=f"{form}.jinja", tally=tally, counts=_counts, part_reproduced=part_reproduced)
    return environment


def _markdown_text(value: object) -> object:
    """Return text as Markdown that shows it: a bar would end a table's cell, and ``<b`` would begin a tag."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(re.sub(r"<(?=[A-Za-z/!?])", "&lt;", value).replace("|", "\\|").replace("\n", " "))


def _counts(claims: Sequence[ClaimRow], verdicts: Sequence[str]) -> list[str]:
    """Return how many distinct claims have each verdict, and what part is reproduced, for the cells of a table."""
    return [*(str(tally(claims).get(verdict, "")) for verdict in verdicts), part_reproduced(claims)]


def _undecided(contents: Contents) -> list[tuple[str, ClaimRow]]:
    """Return paper and claim of all that is inconclusive, what fewest seeds would decide first."""
    rows = [(paper.title, c) for paper in contents.papers for c in paper.claims if c.to_decide and c.is_counted]
    return sorted(rows, key=lambda row: (row[1].seeds_to_decide is None, row[1].seeds_to_decide or 0))
