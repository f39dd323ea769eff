"""Limits that are pure algebra: the richness family, its desiderata, the space of abc-parametrizations."""

from fractions import Fraction
from typing import TYPE_CHECKING

from infwidth.solve.records import Limit, Record

if TYPE_CHECKING:
    from infwidth.data.load import Data


def richness_family(limit: Limit, _data: "Data | None") -> list[Record]:
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


def desiderata(limit: Limit, _data: "Data | None") -> list[Record]:
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


def abc_verdicts(limit: Limit, _data: "Data | None") -> list[Record]:
    """Return exponents and verdicts of a named parametrization; see :mod:`infwidth.solve.abc_space`."""
    from infwidth.solve.abc_space import verdict_rows

    return [record for n_hidden in limit["n_hidden"] for record in verdict_rows(limit["rule"], n_hidden)]


def stable_polyhedron(limit: Limit, _data: "Data | None") -> list[Record]:
    """Return the polyhedron of stable abc-parametrizations; see :mod:`infwidth.solve.abc_space`."""
    from infwidth.solve.abc_space import polyhedron_rows

    return polyhedron_rows(limit["n_hidden"], limit["spacing"])
