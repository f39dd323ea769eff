"""Effective rates: how every parameter of an experiment's nets starts and learns, beside the base learning rate."""

import pandas as pd

from infwidth.errors import SpecError, nearest
from infwidth.experiments.twins import is_twin
from infwidth.plan.graph import load_graph
from infwidth.plan.operations import shapes_of
from infwidth.specs.cells import Train


def rates(name: str, *, scale: str = "laptop") -> pd.DataFrame:
    """Return one row for every parameter of every net of an experiment, ``harvard2024.width_sweep``, or of a figure.

    Columns: ``table``, ``cell``, the axes that the experiment sweeps, ``width``, then those of :func:`rates_of`. No
    data and no results are needed. Raises SpecError for an unknown name, or one for which nothing is trained.
    """
    graph = load_graph(scale)
    parts = []
    for paper, experiment in graph.tables_of(name):
        for cell in graph.cells_of(paper, experiment):
            if isinstance(cell.spec, Train) and not is_twin(cell):
                part = rates_of(cell.spec)
                axes = {**cell.axes, "width": cell.spec.model.width}
                told = pd.DataFrame(
                    {key: [value] * len(part) for key, value in axes.items() if key not in part}, dtype=object
                ).infer_objects()
                told.insert(0, "cell", cell.id)
                told.insert(0, "table", f"{paper}.{experiment}")
                parts.append(told.join(part))
    if not parts:
        trained = [f"{p}.{e}" for p, e in graph.tables if any(c.kind == "train" for c in graph.cells_of(p, e))]
        raise SpecError(f"'{name}' is computed, no net is trained for it{nearest(name, trained)}")
    return pd.concat(parts, ignore_index=True)


def rates_of(spec: Train) -> pd.DataFrame:
    """Return one row for every parameter of a training's net, in the order of the model.

    Columns: ``optimizer``; ``base_lr``, the first of the cell's base learning rates; ``parameter``, ``role``,
    ``fan_in``; ``init_std``, NaN where the module's own start is kept; ``lr`` at that base rate and ``lr_ratio`` =
    lr/base_lr, which is the same at every base rate; the optimizer's ``weight_decay`` and ``eps`` (NaN under SGD). In
    a gauge with multipliers written out they are those of the parameters that are trained. The net has no numbers.
    """
    import torch

    from infwidth.data.images import Images
    from infwidth.models.shapes import shapes_only
    from infwidth.training.member import in_gauge_, make_plan, model_of

    input_shape, n_classes = shapes_of(spec.data)
    nothing = torch.empty(0, *input_shape, device="meta")
    data = Images(nothing, nothing, nothing, nothing, n_classes=n_classes, name=spec.data.name, sha256="")
    lr, width = spec.optimizer.lr[0], spec.model.width
    with shapes_only():
        model = model_of(spec, data, width)
    plan = make_plan(model, spec, data, lr)
    # Which starts are kept the values tell, at any width alike.
    narrow = make_plan(model_of(spec, data, spec.parametrization.base_width), spec, data, lr)
    for name, its in narrow.items():
        plan = plan.replace(name, start=its.start)
    plan = in_gauge_(model, plan, spec, lr)
    adam = plan.optimizer_name != "sgd"
    rows = [
        {
            "optimizer": plan.optimizer_name,
            "base_lr": lr,
            "parameter": name,
            "role": str(its.role),
            "fan_in": its.fan_in,
            "init_std": its.init_std if its.start == "drawn" else float("nan"),
            "lr": its.lr,
            "lr_ratio": its.lr / lr,
            "weight_decay": its.weight_decay,
            "eps": its.eps if adam else float("nan"),
        }
        for name, its in plan.items()
    ]
    return pd.DataFrame(rows)


def described(rows: pd.DataFrame) -> str:
    """Return what :func:`rates` returned as text: one block for every set of numbers, under the cells that have it."""
    names = list(rows.columns)
    first = names.index("optimizer")
    axes = [axis for axis in names[2:first] if axis != "width"]
    cells: dict[tuple[str, str], list[pd.Series]] = {}
    for _, part in rows.groupby(["table", "cell"], sort=False):
        its = part.iloc[0]
        shown = part[names[first + 2 :]].dropna(axis="columns", how="all")
        title = f"{its['table']}, width {its['width']}, {its['optimizer']} at base rate {its['base_lr']:g}"
        table = shown.to_string(index=False, na_rep="kept", float_format="{:.4g}".format)
        cells.setdefault((title, table), []).append(its[axes])
    blocks = []
    for (title, table), points in cells.items():
        values = {axis: dict.fromkeys(str(point[axis]) for point in points if pd.notna(point[axis])) for axis in axes}
        told = "; ".join(f"{axis} {', '.join(its)}" for axis, its in values.items() if its)
        blocks.append("\n".join([title, told, table, ""] if told else [title, table, ""]))
    return "\n".join(blocks)
