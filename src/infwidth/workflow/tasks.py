"""The workflow's many small jobs: one cell, one table, one figure, one paper's claims, by name.

    python -m infwidth.workflow.tasks figure vyas2023_fig1 --scale smoke --log figure.log

Each looks first whether its files are current, by what they say of themselves, and then does nothing. Jobs run as
children of a fork server (:mod:`infwidth.workflow.forks`), which has loaded what they need.
"""

import argparse
import contextlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from infwidth.errors import InfwidthError, SpecError
from infwidth.experiments.settings import read_settings
from infwidth.places import own_papers
from infwidth.plan import entries, places
from infwidth.plan.code import Package
from infwidth.plan.current import Currency, made, note
from infwidth.plan.graph import Graph, load_graph
from infwidth.workflow.job import job

#: What the fork server imports before the first job of a kind, beside the modules of infwidth behind the job.
MODULES = {
    "cell": ("infwidth.workflow.cell",),
    "table": ("infwidth.results.tables",),
    "figure": ("infwidth.workflow.figures", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    "claims": ("infwidth.report.ledger",),
}
#: Before the first training: the first optimizer imports it, which is half of the time of a small cell.
MODULES_OF_TRAINING = ("torch._dynamo",)
_IS_ABOUT = {"claims": "paper"}

T = TypeVar("T")


def main(arguments: list[str]) -> int:
    """Do one job; return the exit status. Errors that a person can mend are one line on standard error."""
    options = _options(arguments)
    with job(options.log):
        {"cell": _cell, "table": _table, "figure": _figure, "claims": _claims}[options.kind](options)
    return 0


def load_modules(arguments: list[str]) -> None:
    """Import what a job needs, and read what there is to build; a job finds out by itself what cannot be imported.

    What it needs are the modules behind its number or picture, so that a workflow without trainings loads no torch. For
    a picture and for claims they are those that it names, with what these import on top: of the paper's computations
    one that they take a constant from is among them, and what it imports to compute is not.
    """
    options = _options(arguments)
    modules = list(MODULES[options.kind])
    with contextlib.suppress(InfwidthError):
        named = _entries(options)
        _package().code_of(named)
        modules += sorted(_package().closure(named)) if options.kind == "cell" else named
        if "infwidth.training.trainer" in modules:
            modules += MODULES_OF_TRAINING
    for module in modules:
        with contextlib.suppress(Exception):
            import_module(module)


def load_plan(arguments: list[str]) -> None:
    """Read what there is to build and what is known of the code, which all jobs need."""
    with contextlib.suppress(InfwidthError):
        options = _options(arguments)
        _graph(options.scale, options.figures, options.set)
        _package().code_of(entries.TABLE)


def _entries(options: argparse.Namespace) -> Sequence[str]:
    """Return the modules that a job names, of which the graph is read; none for a name that there is not."""
    graph = _graph(options.scale, options.figures, options.set)
    if options.kind == "cell" and options.name in graph.cells:
        return entries.of_cell(graph.cells[options.name].spec, _package())
    if options.kind == "figure" and options.name in {figure.rule for figure in graph.figures}:
        paper, _, figure = options.name.partition("_")
        return entries.of_figure(paper, figure)
    if options.kind == "claims" and options.name in graph.papers:
        return entries.of_claims(options.name)
    return entries.TABLE if options.kind == "table" else ()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infwidth.workflow.tasks", description="One job of the workflow.")
    parser.add_argument("kind", choices=list(MODULES))
    parser.add_argument("name", help="the cell's id, paper/experiment, the figure's or the paper's name")
    parser.add_argument("--log", required=True)
    parser.add_argument("--scale", required=True)
    parser.add_argument("--figures", default="all", help="what is built of all: figures separated by commas")
    parser.add_argument("--set", default="", help="settings changed for this run: path=value, separated by semicolons")
    parser.add_argument("--tables", choices=("results", "published"), default="results")
    parser.add_argument("--folder", help="where claims go within results/ (default: that of the scale)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--execution", choices=("auto", "loop", "stacked", "stacked_graphed"), default="auto")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


@cache
def _graph(scale: str, figures: str, settings: str) -> Graph:
    return load_graph(scale, figures, read_settings(settings))


@cache
def _package() -> Package:
    return Package(Path(__file__).parents[1], places.KEPT / "code.json", own_papers())


def _currency(options: argparse.Namespace) -> Currency:
    graph = _graph(options.scale, options.figures, options.set)
    return Currency(_package(), graph, published=options.tables == "published")


def _named(known: Mapping[str, T], options: argparse.Namespace) -> T:
    """Return what a job is about. Raises SpecError for a name that there is not."""
    if options.name not in known:
        raise SpecError(f"there is no {_IS_ABOUT.get(options.kind, options.kind)} '{options.name}'")
    return known[options.name]


def _cell(options: argparse.Namespace) -> None:
    from infwidth.workflow.cell import compute_cell
    from infwidth.workflow.progress import tell

    currency = _currency(options)
    cell = _named(currency.graph.cells, options)
    if not currency.is_current_cell(cell):
        output = places.cell_file(cell)
        compute_cell(
            cell.spec,
            prepared=places.PREPARED,
            output=output,
            members=places.CELLS / "train",
            device=options.device,
            threads=options.threads,
            execution=options.execution,
            code=currency.cell_code(cell),
        )
    tell(cell.id)


def _table(options: argparse.Namespace) -> None:
    from infwidth.results.tables import write_table

    currency = _currency(options)
    paper, experiment = _named({"/".join(table): table for table in currency.graph.tables}, options)
    output, key = currency.table_file(paper, experiment), currency.table_key(paper, experiment)
    if not made([output], key):
        cells = currency.graph.cells_of(paper, experiment)
        write_table([places.cell_file(cell) for cell in cells], {cell.id: cell.axes for cell in cells}, output)
        note([output], currency.table_key(paper, experiment))


def _figure(options: argparse.Namespace) -> None:
    from infwidth.workflow.figures import draw

    currency = _currency(options)
    figure = _named({figure.rule: figure for figure in currency.graph.figures}, options)
    scale = currency.graph.scale
    pdf, png = (places.figure_file(scale, figure.paper, figure.name, suffix) for suffix in ("pdf", "png"))
    key = currency.figure_key(figure)
    if not made([pdf, png], key):
        tables = {experiment: currency.table_file(paper, experiment) for paper, experiment in figure.tables}
        draw(figure.paper, figure.name, tables, pdf=pdf, png=png)
        note([pdf, png], key)


def _claims(options: argparse.Namespace) -> None:
    from infwidth.report.ledger import judge

    currency = _currency(options)
    paper = _named(currency.graph.papers, options)
    output, key = places.claims_file(options.folder or currency.graph.scale, paper.name), currency.claims_key(paper)
    if not made([output], key):
        tables = {(of, name): currency.table_file(of, name) for of, name in paper.tables}
        judge(paper.name, tables, output, [figure.name for figure in paper.figures])
        note([output], key)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
