"""What a scale has to say: its papers, figures, claims, catalog, cost and provenance, as every form of it prints them.

Pages (Markdown and HTML), README and manuscript are templates on this one object. Numbers are text here already, so
that no template has a format of its own.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from infwidth.analysis.claims import COLUMNS
from infwidth.errors import DataError, SpecError
from infwidth.experiments.catalog import OURS, OWN, Entry, read_titles
from infwidth.experiments.papers import Figure, Paper
from infwidth.experiments.settings import as_text
from infwidth.plan.cost import minutes_of, wall_seconds
from infwidth.plan.graph import Graph, in_catalog_order
from infwidth.report.catalog import BUILT, PUBLISHED, catalog_table
from infwidth.report.elsewhere import agreements
from infwidth.report.numbers import interval, minutes, number, seconds

#: All verdicts, in the order in which they are counted.
VERDICTS = ("reproduced", "inconclusive", "not reproduced", "not testable at this scale", "not run")
#: Those of claims that could be tested.
TESTABLE = VERDICTS[:3]


@dataclass(frozen=True)
class Shared:
    """A claim that is the same measurement as another: ``<paper>.<claim>``, and where it stands."""

    claim: str
    paper: str
    figure: str  # its rule


@dataclass(frozen=True)
class ClaimRow:
    """A row of the ledger. ``measured`` is a dash and ``interval`` empty where nothing was measured.

    ``twin`` is what its rounding twins measure, empty where there are none; ``to_decide`` says of an inconclusive claim
    how many seeds would decide it, and ``elsewhere`` on which other machines the verdict was the same; ``same_as`` is
    the claim that it is counted with, ``also`` are those that are counted with it.
    """

    claim: str
    figure: str  # its rule
    statement: str
    expected: str
    measured: str
    interval: str
    n: int
    twin: str
    verdict: str
    seeds_to_decide: int | None
    to_decide: str
    elsewhere: str
    same_as: Shared | None
    also: list[Shared]
    note: str

    @property
    def is_counted(self) -> bool:
        """Whether it is a measurement of its own."""
        return self.same_as is None


@dataclass(frozen=True)
class CostRow:
    """How many cells are behind something, the minutes of one core they took, the largest memory in MiB."""

    cells: int
    minutes: str
    memory: str


@dataclass(frozen=True)
class FigureRow:
    """A rebuilt figure. ``image`` is a path from the folder of the scale; ``tables`` are those it reads."""

    rule: str
    title: str
    caption: str
    image: str
    tables: list[str]
    claims: list[ClaimRow]
    cost: CostRow


@dataclass(frozen=True)
class Deviation:
    """Where a block of some experiments comes from, and how it deviates from there."""

    experiments: list[str]
    block: str
    source: str
    deviation: str


@dataclass(frozen=True)
class BeyondRow:
    """What cannot be rebuilt here, why, and what the paper reports of it: of what, its value, where it stands."""

    figure: str  # its name in the catalog
    why: str
    reported: list[tuple[str, str, str]]


@dataclass(frozen=True)
class PaperRow:
    """A replicated paper; ``cited``: it is in the bibliography; ``own``: it is not the repository's."""

    name: str
    title: str
    reference: str
    cited: bool
    figures: list[FigureRow]
    beyond: list[BeyondRow]
    deviations: list[Deviation]
    cost: CostRow
    own: bool

    @property
    def claims(self) -> list[ClaimRow]:
        """The claims of all its figures."""
        return [claim for figure in self.figures for claim in figure.claims]


@dataclass(frozen=True)
class CatalogRow:
    """A figure of the catalog and what has become of it; ``detail``: the scales it is published at, or why not."""

    figure: str
    what: str
    status: str
    detail: str
    minutes: str
    cost: str


@dataclass(frozen=True)
class CatalogPaper:
    """All figures of a paper that are to be rebuilt, how many are, and those of ours that go with them."""

    name: str
    title: str
    figures: list[CatalogRow]
    rebuilt: int
    ours: list[CatalogRow]

    @property
    def own(self) -> bool:
        """Whether it is a paper of one's own, which the repository does not set out to rebuild."""
        return bool(self.figures) and all(figure.cost == OWN for figure in self.figures)


@dataclass(frozen=True)
class Contents:
    """Everything that is said of one scale."""

    scale: str
    papers: list[PaperRow]
    catalog: list[CatalogPaper]
    changed_settings: list[str]  # each a path and its value; none where all are as the papers have them
    figures_left_out: list[str]
    cost: CostRow  # of all cells, each once
    provenance: dict[str, Any]

    @property
    def figures(self) -> list[FigureRow]:
        """The figures of all papers."""
        return [figure for paper in self.papers for figure in paper.figures]

    @property
    def claims(self) -> list[ClaimRow]:
        """The claims of all papers."""
        return [claim for paper in self.papers for claim in paper.claims]

    @property
    def verdicts(self) -> list[str]:
        """The verdicts that there are, in the order in which they are counted."""
        return list(tally(self.claims))


def tally(claims: Iterable[ClaimRow]) -> dict[str, int]:
    """Return verdict → how many distinct claims have it; verdicts that none has are left out.

    Claims that are one measurement count once, where that measurement is counted.
    """
    counts = Counter(claim.verdict for claim in claims if claim.is_counted)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def part_reproduced(claims: Iterable[ClaimRow]) -> str:
    """Return in percent how many distinct claims are reproduced of those that could be tested; a dash where none."""
    counts = tally(claims)
    testable = sum(counts.get(verdict, 0) for verdict in TESTABLE)
    return f"{100 * counts.get(VERDICTS[0], 0) / testable:.0f} %" if testable else "—"


def contents(
    graph: Graph,
    catalog: Sequence[Entry],
    claims: pd.DataFrame,
    cells: pd.DataFrame,
    *,
    images: Mapping[str, str],
    published: Mapping[str, Sequence[str]],
    cited: Collection[str] = (),
    elsewhere: pd.DataFrame | None = None,
) -> Contents:
    """Return what ``graph``, the ledger ``claims`` and the provenance ``cells`` of a scale say.

    Papers and figures come in the order of the catalog; claims and cells of figures that were not asked for are left
    out.
    ``elsewhere`` are the verdicts of other machines (:mod:`infwidth.report.elsewhere`).
    ``images`` maps a figure's rule to its picture, ``published`` to the scales it is published at; ``cited`` are the
    keys of the bibliography. Raises DataError for a figure without a picture and for a ledger of an older version,
    SpecError for a paper without a title.
    """
    if old := sorted(set(COLUMNS) - set(claims)):
        raise DataError(
            f"the ledger of {graph.scale} is of an older version, without {', '.join(old)}; publish it anew"
        )
    if missing := [figure.rule for figure in graph.figures if figure.rule not in images]:
        raise DataError(f"no picture of {', '.join(missing)}")
    rows: dict[str, list[ClaimRow]] = {}
    for claim in _claims(claims, elsewhere):
        rows.setdefault(claim.figure, []).append(claim)
    cells = cells[cells["cell"].isin(list(graph.cells))]
    cost = _Cost(cells)

    def figure_row(figure: Figure) -> FigureRow:
        tables = [".".join(table) for table in figure.tables]
        behind = cost.of(graph.cells_of_figure(figure))
        image, of_figure = images[figure.rule], rows.get(figure.rule, [])
        return FigureRow(figure.rule, figure.title, figure.caption, image, tables, of_figure, behind)

    def paper_row(paper: Paper) -> PaperRow:
        return PaperRow(
            name=paper.name,
            title=paper.title,
            reference=paper.reference,
            cited=paper.name in cited,
            figures=[figure_row(figure) for figure in paper.figures],
            beyond=[
                BeyondRow(f"{paper.name}_{name}", its.why, [(r.what, r.value, r.source) for r in its.reported])
                for name, its in paper.beyond.items()
            ],
            deviations=deviations(paper.document["experiments"]),
            cost=cost.of({cell for figure in paper.figures for cell in graph.cells_of_figure(figure)}),
            own=paper.own,
        )

    known = {figure.rule: minutes_of(graph.cells_of_figure(figure), cost.seconds) for figure in graph.figures}
    status = catalog_table(catalog, [*known, *graph.left_out], published, known, graph.beyond)
    return Contents(
        scale=graph.scale,
        papers=[paper_row(paper) for paper in in_catalog_order(graph.papers.values(), catalog)],
        catalog=catalog_rows(status, read_titles() | graph.titles),
        changed_settings=[as_text({path: value}) for path, value in graph.settings.items()],
        figures_left_out=list(graph.left_out),
        cost=cost.of(graph.cells),
        provenance=provenance(cells),
    )


def _claims(claims: pd.DataFrame, elsewhere: pd.DataFrame | None) -> Iterator[ClaimRow]:
    rows = claims.to_dict("records")
    where = {
        (name := f"{row['paper']}.{row['claim']}"): Shared(name, row["paper"], f"{row['paper']}_{row['figure']}")
        for row in rows
    }
    counted_with = {name: row["same_as"] for name, row in zip(where, rows, strict=True) if row["same_as"]}
    agreement = {} if elsewhere is None else agreements(claims, elsewhere)
    for name, row in zip(where, rows, strict=True):
        n = int(row["n"])
        yield ClaimRow(
            claim=row["claim"],
            figure=where[name].figure,
            statement=row["statement"],
            expected=row["expected"],
            measured=number(row["measured"]) if n else "—",
            interval=interval(row["ci_low"], row["ci_high"]) if n else "",
            n=n,
            twin="" if pd.isna(row["twin"]) else number(row["twin"]),
            verdict=row["verdict"],
            seeds_to_decide=None if pd.isna(row["seeds_to_decide"]) else int(row["seeds_to_decide"]),
            to_decide=_to_decide(row) if row["verdict"] == "inconclusive" else "",
            elsewhere=agreement.get(name, ""),
            same_as=where.get(counted_with.get(name, "")),
            also=[where[other] for other, leader in counted_with.items() if leader == name],
            note=row["note"] if isinstance(row["note"], str) else "",
        )


def _to_decide(row: Mapping[Any, Any]) -> str:
    """Return what would decide a claim: how many seeds, or what else."""
    return {
        "seeds": f"about {row['seeds_to_decide']} seeds would decide",
        "scatter": "its scatter over seeds is not known: three or more are needed",
        "value": "a number that it is made of is missing",
        "rounding": "its nets decide it, their rounding twins do not agree",
        "control": "the value lies inside; what is missing is a control that leaves the interval",
        "threshold": "no number of seeds would decide: the value is at the threshold",
    }[row["undecided_by"]]


class _Cost:
    """What sets of cells cost, from the table of all cells' provenance."""

    def __init__(self, cells: pd.DataFrame) -> None:
        self.seconds = wall_seconds(cells)
        self._memory = dict(zip(cells["cell"], cells["peak_memory_mib"], strict=True))

    def of(self, cells: Collection[str]) -> CostRow:
        memory = [self._memory[cell] for cell in cells if cell in self._memory]
        return CostRow(len(cells), minutes(minutes_of(cells, self.seconds)), str(round(max(memory))) if memory else "—")


def catalog_rows(status: pd.DataFrame, titles: Mapping[str, str]) -> list[CatalogPaper]:
    """Return the table of :func:`infwidth.report.catalog.catalog_table`, a paper each.

    Raises SpecError for a paper of the catalog that has no title.
    """
    papers = []
    for name, figures in status.fillna({"scales": "", "why": ""}).groupby("paper", sort=False):
        if name not in titles:
            raise SpecError(f"papers/catalog.csv: no title of '{name}'; add it to papers/catalog_titles.csv")
        rows: dict[bool, list[CatalogRow]] = {True: [], False: []}  # by whether they are ours
        for row in figures.to_dict("records"):
            rows[row["stage"] == OURS].append(
                CatalogRow(
                    figure=row["figure"],
                    what=row["what"],
                    status=row["status"],
                    detail=row["scales"].replace(" ", ", ") or row["why"],
                    minutes="" if pd.isna(row["minutes"]) else minutes(row["minutes"]),
                    cost=row["cost"],
                )
            )
        rebuilt = sum(row.status in (PUBLISHED, BUILT) for row in rows[False])
        papers.append(CatalogPaper(str(name), titles[str(name)], rows[False], rebuilt, rows[True]))
    return papers


def deviations(experiments: Mapping[str, Any]) -> list[Deviation]:
    """Return source and deviation of every annotated block of a paper's experiments, in their order.

    Blocks that several experiments share word for word are one entry that names them all.
    """
    entries: dict[tuple[str, str, str], list[str]] = {}
    for name, experiment in experiments.items():
        for block, source, deviation in _annotations(experiment, ""):
            entries.setdefault((block, source, deviation), []).append(name)
    return [
        Deviation(list(dict.fromkeys(names)), block, source, deviation)
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


def provenance(cells: pd.DataFrame) -> dict[str, Any]:
    """Return what the cells were computed with: the distinct values of each column, and data sets with digests."""
    columns = ("version", "python", "torch", "numpy", "device", "machine", "processor", "threads", "execution")
    run = cells.reindex(columns=list(columns))  # the processor was not always recorded
    with_data = cells.dropna(subset=["dataset"])  # an exact limit may need none
    return {
        "commits": [{"commit": name, "cells": len(group)} for name, group in cells.groupby("commit")],
        "uncommitted_changes": bool(cells["dirty"].any()),
        **{name: sorted({str(value) for value in run[name].dropna()}) for name in columns},
        "datasets": [
            {"name": name, "sha256": digest, "cells": len(group)}
            for (name, digest), group in with_data.groupby(["dataset", "dataset_sha256"])
        ],
    }


def cell_rows(cells: pd.DataFrame) -> list[dict[str, str]]:
    """Return a row a cell for print, the longest first."""
    return [
        {
            "cell": cell["cell"],
            "computes": _what(json.loads(cell["spec"])),
            "dataset": cell["dataset"],
            "seconds": seconds(cell["wall_seconds"]),
            "memory": str(cell["peak_memory_mib"]),
            "commit": cell["commit"][:12] + (" (dirty)" if cell["dirty"] else ""),
        }
        for cell in cells.fillna({"dataset": ""}).sort_values("wall_seconds", ascending=False).to_dict("records")
    ]


def _what(spec: Mapping[str, Any]) -> str:
    """Return in a few words what a cell computes."""
    if spec["kind"] == "limit":  # as computations are called in what is published; see infwidth.specs.identity
        return f"computation {spec['limit']['name']}"
    width = f", width {spec['model']['width']}" if "width" in spec["model"] else ""
    return f"training of {spec['model']['name']}{width}, {spec['parametrization']['rule']}, {spec['optimizer']['name']}"


def bibliography_keys(bibliography: Path) -> set[str]:
    """Return the keys of a BibTeX file."""
    return set(re.findall(r"^@\w+\{([^,\s]+),", bibliography.read_text(encoding="utf-8"), flags=re.MULTILINE))
