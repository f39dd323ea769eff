"""Looking a table up by its name, or by that of a figure that shows it."""

from pathlib import Path

import pandas as pd

from infwidth.analysis.table import Table
from infwidth.errors import DataError
from infwidth.experiments.settings import CHANGED
from infwidth.places import project_root
from infwidth.plan.graph import load_graph
from infwidth.report.published import check_published
from infwidth.results.metrics import METRICS
from infwidth.results.rows import COLUMNS
from infwidth.results.tables import read_table


def load(
    name: str, *, scale: str = "laptop", own: bool = False, twins: bool = False, root: Path | str | None = None
) -> pd.DataFrame:
    """Return the tidy rows of a table, such as ``vyas2023.language``, or of all tables of a figure, ``vyas2023_fig1``.

    Columns: ``table`` (its name), the axes that the experiment sweeps (``width``, ``richness``, …), ``cell`` (the
    training or limit; see the provenance), ``lr``, ``seed``, ``of`` (net, ensemble, limit), ``step``, ``metric``,
    ``layer``, ``index``, ``value``. ``attrs`` tell where the rows come from, ``scale``, ``published``, ``files``, and
    what their metrics are: ``attrs["metrics"]["test_loss"]`` says ``what`` it is and its ``unit`` ("" if it has none).

    With ``twins`` the rows of rounding twins are there too, of which the column ``perturbation`` has a value.

    Published tables are checked against their manifest; ``own`` takes those that the workflow made here, as is always
    done for papers of one's own. ``root`` is
    the folder whose ``results/`` is meant, by default as :func:`infwidth.places.project_root` finds it. Raises
    SpecError for an unknown name or scale, DataError for a table that is absent, damaged or not what was published.
    """
    graph = load_graph(scale.partition(CHANGED)[0])  # changed settings change no name
    tables = graph.tables_of(name)
    own = own or any(graph.papers[paper].own for paper, _ in tables)  # nobody has published these
    place = project_root(None if root is None else Path(root)) / "results"
    folder = place / scale if own else place / "published" / scale
    if not own and not (place / "published").is_dir():
        raise DataError(
            f"{place}: no published results; run in a clone of the repository, or name it with --root (root=)"
        )
    files = [f"tables/{paper}/{experiment}.parquet" for paper, experiment in tables]
    if own:
        if missing := [file for file in files if not (folder / file).exists()]:
            raise DataError(
                f"{folder / missing[0]} is not there: ./run snakemake --cores all {name} makes it, "
                "and without own=True the published table is read"
            )
    else:
        check_published(folder, files)
    parts = [
        _rows(folder / file, twins=twins).assign(table=f"{paper}.{experiment}")
        for file, (paper, experiment) in zip(files, tables, strict=True)
    ]
    rows = pd.concat(parts, ignore_index=True)
    every_row = ["cell", *COLUMNS]
    rows = rows[["table", *rows.columns.drop(["table", *every_row]), *every_row]]
    rows.attrs = {
        "scale": scale,
        "published": not own,
        "files": [str(folder / file) for file in files],
        "metrics": {metric: METRICS[metric]._asdict() for metric in sorted(set(rows["metric"]))},
    }
    return rows


def _rows(file: Path, *, twins: bool) -> pd.DataFrame:
    rows = read_table(file)
    return rows if twins else Table(rows).frame


def described(rows: pd.DataFrame) -> str:
    """Return in a few lines what :func:`load` returned: where it is from, the values of its axes, its metrics."""
    lines = [f"{len(rows)} rows at scale {rows.attrs['scale']}, from", *(f"  {file}" for file in rows.attrs["files"])]
    for table, part in rows.groupby("table", sort=False):
        lines += ["", str(table)]
        for axis in rows.columns[1 : rows.columns.get_loc("cell")]:
            values = [_plain(value) for value in part[axis].unique()]
            if values != ["none"]:
                lines.append(f"  {axis}: {', '.join(values)}")
        nets = part[part["of"] == "net"]
        lines.append(f"  seeds: {nets['seed'].nunique()}, steps: {part['step'].min()} to {part['step'].max()}")
        for metric, of_metric in part.groupby("metric"):
            whose, its = ", ".join(sorted(set(of_metric["of"]))), rows.attrs["metrics"][metric]
            unit = f" ({its['unit']})" if its["unit"] else ""
            lines.append(f"  {metric}: {len(of_metric)} rows of {whose}; {its['what']}{unit}")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """Return a value as people write it: 64.0 is 64, and what is missing is none."""
    if isinstance(value, float):
        return "none" if pd.isna(value) else f"{value:g}"
    return str(value)
