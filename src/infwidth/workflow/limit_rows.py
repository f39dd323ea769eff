"""Exact limits as rows: the numbers of an infinite-width computation in the shape that everything measured has."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from infwidth.errors import SpecError
from infwidth.results.rows import COLUMNS

if TYPE_CHECKING:
    from infwidth.data.images import Images

Limit = Mapping[str, Any]
Record = tuple[str, str, int, float]  # metric, layer, index, value


def limit_rows(limit: Limit, data: "Images | None") -> pd.DataFrame:
    """Return the rows of the limit of a cell's spec; ``data`` is None where the limit needs none."""
    if limit["name"] not in _LIMITS:
        raise SpecError(f"unknown limit '{limit['name']}'; known: {', '.join(_LIMITS)}")
    rows = pd.DataFrame(_LIMITS[limit["name"]](limit, data), columns=["metric", "layer", "index", "value"])
    return rows.assign(lr=limit.get("lr", np.nan), seed=-1, step=0)[list(COLUMNS)].astype(COLUMNS)


def _one_step(limit: Limit, data: "Images | None") -> list[Record]:
    """Return the power laws of one SGD step: an exponent and a prefactor for what the nets' probes measure."""
    from infwidth.data.streams import Batches
    from infwidth.limits.one_step import one_step_limit

    assert data is not None, "the schema of cells asks for data here"
    batch = Batches(len(data.x_train), limit["batch_size"], mode="epochs").indices(0)
    x = data.x_train[batch].flatten(1).numpy()
    targets = np.eye(data.n_classes)[data.y_train[batch]]
    metrics = {"relative_update": "relative_change", "output": "output_scale", "gradient": "gradient_norm"}
    laws = one_step_limit(
        x,
        targets,
        n_hidden=limit["n_hidden"],
        richness=float(Fraction(limit["richness"])),
        lr=limit["lr"],
        loss_scale=2.0 / targets.size,  # torch's mse_loss: the mean over batch and outputs of (f − y)²
    )
    records: list[Record] = []
    for law in laws:
        if law.quantity not in metrics:
            continue
        metric, layer = metrics[law.quantity], "" if law.quantity == "output" else f"h{law.layer}"
        # A probe's gradient is that of one example's loss, the law's that of the batch mean: P times smaller.
        scale = len(x) if law.quantity == "gradient" else 1
        records.append((f"{metric}_exponent", layer, -1, law.exponent))
        records.append((f"{metric}_prefactor", layer, -1, law.prefactor * scale))
    return records


def _richness_family(limit: Limit, _data: "Images | None") -> list[Record]:
    """Return every layer's multiplier g, init std sigma and learning rate eta in one gauge, as exponents of the width.

    The family is affine in the richness: ``…_exponent`` at richness 0 and ``…_slope`` in the richness say all of it.
    They are halves of whole numbers, which floating point holds exactly.
    """
    from infwidth.parametrization.solver import solve

    lazy, rich = (solve(limit["n_hidden"], richness, limit["gauge"]) for richness in (0, 1))
    records: list[Record] = []
    for layer, (start, end) in enumerate(zip(lazy, rich, strict=True), start=1):
        for name in ("g", "sigma", "eta"):
            constant = getattr(start, name)
            records.append((f"{name}_exponent", f"W{layer}", -1, float(constant)))
            records.append((f"{name}_slope", f"W{layer}", -1, float(getattr(end, name) - constant)))
    return records


def _desiderata(limit: Limit, _data: "Images | None") -> list[Record]:
    """Return the desiderata as a linear system, and the degrees of freedom that are left as it is filled up.

    ``unknown``: names of the unknowns (as layer) and their columns (as index). For every equation (its name as layer):
    ``coefficient`` with the column as index, the ``right`` side, and ``freedom``, the dimension of the solutions of the
    equations so far. Equations of one kind come together, in the order in which the tutorial states them.
    """
    from infwidth.parametrization.linear import solve_exactly
    from infwidth.parametrization.solver import UNKNOWNS, desiderata

    columns = [(name, layer) for layer in range(1, limit["n_hidden"] + 2) for name in UNKNOWNS]
    kinds = ("backward", "activations", "NTC", "UUC", "MAX")
    equations = sorted(desiderata(limit["n_hidden"]), key=lambda equation: kinds.index(equation.name.split()[0]))
    rows = [[Fraction(equation.terms.get(column, 0)) for column in columns] for equation in equations]
    right = [equation.right for equation in equations]
    records: list[Record] = [("unknown", f"{name} {layer}", i, i) for i, (name, layer) in enumerate(columns)]
    for number, (equation, row) in enumerate(zip(equations, rows, strict=True)):
        space = solve_exactly(rows[: number + 1], right[: number + 1])
        assert space is not None, "the desiderata have solutions"
        records += [("coefficient", equation.name, i, float(value)) for i, value in enumerate(row) if value]
        records.append(("right", equation.name, number, float(equation.right)))
        records.append(("freedom", equation.name, number, len(space.directions)))
    return records


_LIMITS: dict[str, Callable[[Limit, "Images | None"], list[Record]]] = {
    "one_step": _one_step,
    "richness_family": _richness_family,
    "desiderata": _desiderata,
}
