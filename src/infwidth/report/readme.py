"""The part of the README that published results write: the state of every paper, its claims and its figures."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from infwidth.errors import SpecError
from infwidth.experiments.catalog import read_catalog, read_titles
from infwidth.plan.cost import minutes_by_figure, published_provenance, wall_seconds
from infwidth.plan.graph import load_graph
from infwidth.report.catalog import (
    BUILT,
    CANNOT,
    NOT_YET,
    PUBLISHED,
    catalog_table,
)
from infwidth.report.published import published_scales

BEGIN = "<!-- published: written by ./run python -m infwidth readme -->"
END = "<!-- end of published -->"
VERDICTS = ("reproduced", "inconclusive", "not reproduced", "not testable at this scale")
SCALE = "laptop"  # the scale whose claims, figures and minutes the README shows


def claims_table(claims: pd.DataFrame) -> str:
    """Return the claims as a Markdown table."""
    lines = ["| claim | expected | measured (95 % interval, n seeds) | verdict |", "|---|---|---|---|"]
    for claim in claims.to_dict("records"):
        interval = f"{claim['measured']:.3g} ({claim['ci_low']:.3g} … {claim['ci_high']:.3g}, {claim['n']})"
        measured = interval if claim["n"] > 0 else "—"
        statement = f"{claim['statement']} `{claim['paper']}_{claim['figure']}`"
        lines.append(f"| {statement} | {claim['expected']} | {measured} | {claim['verdict']} |")
    return "\n".join(lines)


def summary(folder: Path) -> str:
    """Return one line on a published scale: where it is, the verdicts, and the figures that were not run."""
    verdicts = pd.read_csv(folder / "claims.csv")["verdict"].value_counts()
    counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
    left_out = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["figures_not_run"]
    missing = f" Not run at this scale: {', '.join(f'`{name}`' for name in left_out)}." if left_out else ""
    return f"**{folder.name}** (`results/published/{folder.name}/`): {counts}.{missing}"


def gallery(folder: str, names: list[str]) -> str:
    """Return the figures as a Markdown table of two columns, each under its name."""
    cells = [f"`{name}`<br>![{name}]({folder}/{name}.png)" for name in names]
    rows = [cells[i : i + 2] + [""] * (2 - len(cells[i : i + 2])) for i in range(0, len(cells), 2)]
    return "\n".join(["| | |", "|---|---|", *(f"| {left} | {right} |" for left, right in rows)])


def details(title: str, content: str) -> str:
    """Return Markdown that a page shows folded, under its title."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def papers_table(catalog: pd.DataFrame, claims: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return one line a paper: its figures rebuilt, out of those in the catalog, and its claims by verdict.

    Raises SpecError for a paper of the catalog that has no title.
    """
    shown = [verdict for verdict in VERDICTS if (claims["verdict"] == verdict).any()]
    lines = ["| paper | figures rebuilt | " + " | ".join(shown) + " |", "|---|---|" + "---|" * len(shown)]
    for paper, figures in catalog.groupby("paper", sort=False):
        name = str(paper)
        if name not in titles:
            raise SpecError(f"papers/catalog.csv: no title of '{name}'; add it to papers/catalog_titles.csv")
        rebuilt = int(figures["status"].isin([PUBLISHED, BUILT]).sum())
        verdicts = claims.loc[claims["paper"] == name, "verdict"]
        counts = [str((verdicts == verdict).sum() or "") for verdict in shown]
        lines.append(f"| `{name}` {titles[name]} | {rebuilt} of {len(figures)} | {' | '.join(counts)} |")
    return "\n".join(lines)


def missing_table(catalog: pd.DataFrame) -> str:
    """Return how many figures are not rebuilt, by the reason, with their names."""
    missing = catalog[catalog["status"].isin([NOT_YET, CANNOT])]
    lines = ["| not rebuilt, because | figures | which |", "|---|---|---|"]
    for (status, why), figures in missing.groupby(["status", "why"], sort=True):
        reason = f"{status}: {why}"
        by_paper = [
            f"`{paper}`: {', '.join(name.removeprefix(f'{paper}_') for name in group['figure'])}"
            for paper, group in figures.groupby("paper", sort=False)
        ]
        lines.append(f"| {reason} | {len(figures)} | {'; '.join(by_paper)} |")
    return "\n".join(lines)


def figures_table(catalog: pd.DataFrame) -> str:
    """Return one line a figure of the catalog: what it shows, its status, its minutes."""
    lines = ["| figure | shows | status | minutes |", "|---|---|---|---|"]
    for row in catalog.to_dict("records"):
        more = row["scales"].replace(" ", ", ") or row["why"]
        minutes = "" if pd.isna(row["minutes"]) else "< 0.1" if row["minutes"] < 0.1 else f"{row['minutes']:.1f}"
        what = row["what"].replace("|", "\\|")
        lines.append(f"| `{row['figure']}` | {what} | {row['status']}{f': {more}' if more else ''} | {minutes} |")
    return "\n".join(lines)


def with_published(readme: str, published: Path, schemas: Path) -> str:
    """Return the README's text with what is published between its two marks.

    A line a scale, a line a paper; folded: the laptop scale's claims, the catalog; the laptop scale's figures.
    ``schemas`` is the folder of schemas. Raises SpecError where the marks are not there.
    """
    if BEGIN not in readme or END not in readme:
        raise SpecError(f"README.md: the marks '{BEGIN}' and '{END}' are not there")
    head, rest = readme.split(BEGIN)
    claims = pd.read_csv(published / SCALE / "claims.csv")
    graph = load_graph(SCALE, schemas)
    minutes = minutes_by_figure(graph, wall_seconds(published_provenance(published)))
    catalog = catalog_table(read_catalog(), list(minutes), published_scales(published), minutes)
    titles = read_titles() | graph.titles
    images = sorted(path.stem for path in (published / SCALE / "figures").glob("*.png"))
    status = catalog["status"].value_counts()
    rebuilt = int(status.get(PUBLISHED, 0) + status.get(BUILT, 0))
    missing = len(catalog) - rebuilt
    scales = sorted(path.name for path in published.iterdir())
    parts = [
        "\n".join(f"- {summary(published / scale)}" for scale in scales),
        f"The catalog lists the {len(catalog)} figures of {catalog['paper'].nunique()} papers that this repository sets"
        f" out to rebuild; {rebuilt} of them are. The verdicts are those of the claims at the {SCALE} scale. What else"
        " these papers show is not in the catalog. What a figure shows is said as in its paper; at small scales data"
        " sets and sizes are smaller.",
        papers_table(catalog, claims, titles),
        details(f"All {len(claims)} claims: expected, measured, verdict", claims_table(claims)),
        details(
            f"All {len(catalog)} figures: status, and minutes of one core at the {SCALE} scale"
            " (trainings that several figures share count for each)",
            figures_table(catalog),
        ),
        details(f"The {missing} figures that are not rebuilt, and why", missing_table(catalog)),
        gallery(f"results/published/{SCALE}/figures", images),
    ]
    return f"{head}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{rest.split(END)[1]}"
