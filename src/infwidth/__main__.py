"""Command line, ``infwidth`` or ``python -m infwidth``: tables, catalog and costs looked up, cells run by themselves.

All of it works in any folder, and without the workflow's packages.
"""

import argparse
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infwidth.errors import InfwidthError, SpecError
from infwidth.files import replacing
from infwidth.places import OWN_PAPERS, project_root, use_own_papers

if TYPE_CHECKING:
    from infwidth.specs.cells import Solve, Train


_SET = "change a setting, <paper>.<experiment>.<block>.<key>=<value>; may be given several times"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status. Errors a person can mend are one line on standard error."""
    parser = argparse.ArgumentParser(prog="infwidth", description=__doc__)
    parser.add_argument(
        "--root",
        type=Path,
        metavar="FOLDER",
        help="the folder whose results/ is meant (default: the current one or the first above it that has results, "
        "else the clone that this package runs from)",
    )
    parser.add_argument(
        "--papers-dir",
        metavar="FOLDER",
        help=f"a folder with papers and data sets of your own (default: that of the environment variable {OWN_PAPERS})",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    table = commands.add_parser(
        "table", help="what a table holds, or a figure's tables; with --csv the rows themselves"
    )
    table.add_argument("name", help="a table such as vyas2023.language, or a figure such as vyas2023_fig1")
    table.add_argument("--csv", action="store_true", help="write all rows to standard output, as CSV")
    table.add_argument("--scale", default="laptop", help="default: laptop")
    table.add_argument("--own", action="store_true", help="the table made here, not the published one")

    rates = commands.add_parser(
        "rates", help="the initial scale and effective learning rate of every parameter, beside the base rate"
    )
    rates.add_argument("name", help="an experiment such as harvard2024.width_sweep, or a figure")
    rates.add_argument("--scale", default="laptop", help="default: laptop")

    cells = commands.add_parser("cells", help="write the specs of cells as JSON files, to be run on another machine")
    cells.add_argument("--scale", required=True)
    cells.add_argument("--figure", help="only the cells behind this figure, such as harvard2024_mup_vs_ntk")
    cells.add_argument("--set", action="append", metavar="PATH=VALUE", help=_SET)
    cells.add_argument("--to", type=Path, required=True, metavar="FOLDER")

    cell = commands.add_parser(
        "cell", help="compute cells; trainings need torch, numpy, pandas, pyarrow and pydantic only"
    )
    cell.add_argument("specs", type=Path, nargs="+", metavar="SPEC.json")
    cell.add_argument("--to", type=Path, default=Path(), metavar="FOLDER", help="where the results go")
    cell.add_argument("--data-dir", type=Path, default=Path("data"), help="where data sets are or are downloaded to")
    cell.add_argument("--prepared", type=Path, default=Path("prepared"), help="where prepared data sets are kept")
    cell.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    cell.add_argument("--threads", type=int, default=1)
    cell.add_argument(
        "--execution",
        choices=("auto", "loop", "stacked", "stacked_graphed"),
        default="auto",
        help="nets one after the other, all as one, or that from a CUDA graph (auto: stacked on a GPU, else loop)",
    )

    adopt = commands.add_parser(
        "adopt", help="take over cells that were computed on another machine, or those of results/published/<scale>"
    )
    adopt.add_argument("files", type=Path, nargs="+", metavar="CELL.parquet|PUBLISHED")

    cost = commands.add_parser("cost", help="minutes left for each figure, from recorded run times")
    cost.add_argument("--scale", required=True)
    cost.add_argument("--figures", default="all", help="only these, separated by commas (default: all)")
    cost.add_argument("--set", action="append", metavar="PATH=VALUE", help=_SET)
    cost.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="for the time left (default: all)")

    catalog = commands.add_parser("catalog", help="every figure of every paper: rebuilt, published, or why not")
    catalog.add_argument("--scale", default="laptop", help="of the recorded minutes (default: laptop)")
    catalog.add_argument("--paper", help="only this paper's figures, such as harvard2024")

    curve = commands.add_parser(
        "learning-curve", help="what a kernel learns of your own data: predicted from its spectrum, beside regressions"
    )
    curve.add_argument("kernel", help="ntk, nngp, rbf, linear, or own: the array kernel of the file")
    curve.add_argument("data", type=Path, metavar="DATA.npz", help="arrays x (or kernel) and y, a row an example")
    curve.add_argument("--ridge", type=float, default=0.0, help="added to the kernel's diagonal (default: 0)")
    curve.add_argument("--noise", type=float, default=0.1, help="variance of label noise over the power (default: 0.1)")
    curve.add_argument("--samples", type=_numbers, metavar="P,P,…", help="numbers of examples (default: eight)")
    curve.add_argument("--draws", type=int, default=10, help="measured training sets (default: 10)")
    curve.add_argument("--most", type=int, default=2000, metavar="N", help="rows that are used (default: 2000)")
    curve.add_argument("--n-hidden", type=int, default=3, metavar="L", help="layers of ntk and nngp (default: 3)")
    curve.add_argument("--bandwidth", type=float, help="of rbf (default: the median distance)")
    curve.add_argument("--csv", action="store_true", help="write the curve as CSV")

    transfer = commands.add_parser(
        "transfer-check", help="whether hyperparameters of your own model transfer: small versions of it are trained"
    )
    transfer.add_argument(
        "study",
        metavar="MODULE:FUNCTION",
        help="a module or a file, and in it what returns an infwidth.transfer.TransferStudy",
    )
    transfer.add_argument("--cost", action="store_true", help="only say what it costs")
    transfer.add_argument("--to", type=Path, default=Path("transfer"), metavar="FOLDER", help="default: transfer")

    commands.add_parser("readme", help="write the pages of the published scales, and what README.md says of them")

    site = commands.add_parser("site", help="write the documentation with a reference of the package as Markdown")
    site.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    site.add_argument("--html", action="store_true", help="as HTML, by sphinx and myst-parser")

    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        options.root = project_root(options.root)
        if options.papers_dir:
            use_own_papers(options.papers_dir)
        {
            "table": _table,
            "rates": _rates,
            "cells": _cells,
            "cell": _cell,
            "adopt": _adopt,
            "cost": _cost,
            "catalog": _catalog,
            "learning-curve": _learning_curve,
            "transfer-check": _transfer_check,
            "readme": _readme,
            "site": _site,
        }[options.command](options)
        if sys.stdout is not None:  # as of a process that was started without one
            sys.stdout.flush()
    except InfwidthError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # as by ``| head``
        _drop_output()
    except OSError as error:  # of a folder that cannot be written, a disk that is full
        print(f"error: {error}", file=sys.stderr)
        _drop_output()
        return 1
    return 0


def _drop_output() -> None:
    """Send what is left in the buffer of standard output nowhere: where it was to go, it cannot."""
    if sys.stdout is not None and not sys.stdout.closed:
        with suppress(OSError):
            sys.stdout.flush()
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _table(options: argparse.Namespace) -> None:
    from infwidth.report.lookup import described, load

    rows = load(options.name, scale=options.scale, own=options.own, root=options.root)
    print(rows.to_csv(index=False, lineterminator="\n") if options.csv else described(rows), end="")


def _rates(options: argparse.Namespace) -> None:
    from infwidth.plan.rates import described, rates

    print(described(rates(options.name, scale=options.scale)), end="")


def _cells(options: argparse.Namespace) -> None:
    from infwidth.errors import nearest
    from infwidth.experiments.settings import read_settings
    from infwidth.plan.graph import load_graph

    graph = load_graph(options.scale, settings=read_settings(options.set))
    chosen = graph.cells
    if options.figure:
        figures = {figure.rule: figure for figure in graph.figures}
        if options.figure not in figures:
            raise SpecError(f"unknown figure '{options.figure}'{nearest(options.figure, figures)}")
        chosen = graph.cells_of_figure(figures[options.figure])
    options.to.mkdir(parents=True, exist_ok=True)
    for name, cell in chosen.items():
        (options.to / f"{name}.json").write_text(json.dumps(cell.document, indent=1, sort_keys=True) + "\n")
    print(f"wrote {len(chosen)} specs to {options.to}")


def _cell(options: argparse.Namespace) -> None:
    from infwidth.data.prepare import prepare
    from infwidth.data.sources import data_folder
    from infwidth.plan.current import sets_of
    from infwidth.specs.identity import cell_id
    from infwidth.workflow.cell import compute_cell
    from infwidth.workflow.job import explained

    specs = [_spec(file) for file in options.specs]
    for spec in sorted(specs, key=lambda spec: spec.kind == "join"):  # after what they join
        output = options.to / f"{cell_id(spec)}.parquet"
        if output.exists():
            print(f"{output} is there already")
            continue
        for prepared, (dataset, how) in sets_of(spec).items():
            if not (options.prepared / prepared / "record.json").exists():
                prepare(dataset, data_folder(options.data_dir), options.prepared / prepared, **how)
        with explained(options.prepared):
            compute_cell(
                spec,
                prepared=options.prepared,
                output=output,
                device=options.device,
                threads=options.threads,
                execution=options.execution,
            )
        print(f"wrote {output}")


def _spec(file: Path) -> "Train | Solve[Any]":
    from infwidth.experiments.cells import read_cell

    try:
        spec = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{file}: not the spec of a cell ({error}); python -m infwidth cells writes them") from error
    if not isinstance(spec, dict) or "kind" not in spec:
        raise SpecError(f"{file}: not the spec of a cell, which says its kind; python -m infwidth cells writes them")
    return read_cell(spec, where=str(file))


def _adopt(options: argparse.Namespace) -> None:
    from infwidth.workflow.adopt import adopt, adopt_published

    cells = options.root / "results" / "cells"
    for file in options.files:
        if file.is_dir():
            taken, left = adopt_published(file, cells)
            print(f"{file}: {taken} cells are now in {cells}; {left} are left to the workflow to compute")
        else:
            print(f"{file} is now {adopt(file, cells)}")


def _cost(options: argparse.Namespace) -> None:
    from infwidth.experiments.settings import read_settings
    from infwidth.plan.cost import cost_table, estimate_table, published_provenance, recorded_seconds, time_left
    from infwidth.plan.graph import load_graph

    graph = load_graph(options.scale, options.figures, read_settings(options.set))
    results = options.root / "results"
    provenance = published_provenance(results / "published")
    done = {path.stem for path in (results / "cells").glob("*/*.parquet")}
    done |= {member.id for name in done & graph.cells.keys() for member in graph.cells[name].members}
    seconds = recorded_seconds(results / "cells", provenance)
    print(cost_table(graph, seconds, done).to_string(index=False, na_rep="?"))
    print(f"\n{time_left(graph, seconds, done, cores=options.cores)}")
    estimates = estimate_table(graph, seconds, provenance)
    if len(estimates):
        print("\nCells that were never run, estimated from the operations they need:")
        print(estimates.to_string(index=False, float_format="{:.3g}".format))


def _catalog(options: argparse.Namespace) -> None:
    from infwidth.errors import nearest
    from infwidth.plan.cost import minutes_by_figure, published_provenance, recorded_seconds
    from infwidth.plan.graph import load_graph
    from infwidth.report.catalog import STATUSES, catalog_table
    from infwidth.report.published import published_scales

    published = options.root / "results" / "published"
    seconds = recorded_seconds(options.root / "results" / "cells", published_provenance(published))
    graph = load_graph(options.scale)
    minutes = minutes_by_figure(graph, seconds)
    table = catalog_table(graph.catalog, list(minutes), published_scales(published), minutes, graph.beyond)
    if options.paper:
        papers = table["paper"].unique().tolist()
        if options.paper not in papers:
            raise SpecError(f"the catalog has no paper '{options.paper}'{nearest(options.paper, papers)}")
        table = table[table["paper"] == options.paper]
    shown = table[["figure", "status", "scales", "why", "minutes", "what"]].copy()
    shown["minutes"] = [f"{minutes:7.2f}" if minutes >= 0 else "" for minutes in shown["minutes"]]
    for column in shown.columns.drop("minutes"):
        shown[column] = shown[column].str.ljust(shown[column].str.len().max())
    print(shown.to_string(index=False, justify="left"))
    counts = table["status"].value_counts()
    print(f"{len(table)} figures: " + ", ".join(f"{counts[name]} {name}" for name in STATUSES if name in counts))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _learning_curve(options: argparse.Namespace) -> None:
    from infwidth.errors import nearest
    from infwidth.learning_curve import KERNELS, as_csv, described, kernel_matrix, learning_curve_of, read_own

    if options.kernel not in KERNELS:
        raise SpecError(
            f"unknown kernel '{options.kernel}'{nearest(options.kernel, KERNELS)}; known: {', '.join(KERNELS)}"
        )
    if options.most < 4:
        raise SpecError("--most: at least four rows are needed")
    x, targets = read_own(options.data, options.kernel, most=options.most)
    kernel = kernel_matrix(options.kernel, x, n_hidden=options.n_hidden, bandwidth=options.bandwidth)
    how = {"ridge": options.ridge, "noise": options.noise}
    curve = learning_curve_of(kernel, targets, samples=options.samples, draws=options.draws, **how)
    print(as_csv(curve) if options.csv else described(curve, **how), end="")


def _transfer_check(options: argparse.Namespace) -> None:
    from infwidth.transfer import transfer_check
    from infwidth.transfer.cost import cost_of, described
    from infwidth.transfer.named import study_named

    study = study_named(options.study)
    print(described(cost_of(study)), flush=True)
    if options.cost:
        return
    check = transfer_check(study, options.to, quiet=False)
    with replacing(options.to / "transfer.png") as temporary:
        check.plot().savefig(temporary, format="png")
    print(f"\n{check.explain()}\n\nwrote {options.to / 'transfer.csv'} and transfer.png")


def _readme(options: argparse.Namespace) -> None:
    from infwidth.report.readme import write_published

    write_published(options.root / "README.md", options.root / "results" / "published")


def _site(options: argparse.Namespace) -> None:
    from infwidth.report.site import write_html, write_site

    (write_html if options.html else write_site)(options.root, options.to)
    print(f"wrote {options.to / ('index.html' if options.html else 'README.md')} and what it leads to")


if __name__ == "__main__":
    sys.exit(main())
