"""The desiderata of a parametrization as a linear system."""

from fractions import Fraction
from typing import Literal

from infwidth.parametrization.linear import solve_exactly
from infwidth.parametrization.solver import UNKNOWNS, desiderata
from infwidth.results.rows import Rows
from infwidth.specs.block import Depth
from infwidth.specs.cells import Computation

#: Kinds of equations, in the order in which the tutorial states them.
_KINDS = ("backward", "activations", "NTC", "UUC", "MAX")


class Spec(Computation):
    """The desiderata of nets with ``n_hidden`` hidden layers."""

    name: Literal["desiderata"]
    n_hidden: Depth


def rows(spec: Spec, data: None) -> Rows:
    """Return the desiderata as a linear system, and the degrees of freedom that are left as it is filled up.

    ``unknown``: names of the unknowns (as layer) and their columns (as index). For every equation (its name as layer):
    ``coefficient`` with the column as index, the ``right`` side, and ``freedom``, the dimension of the solutions of the
    equations so far. Equations of one kind come together, in the order in which the tutorial states them.
    """
    columns = [(name, layer) for layer in range(1, spec.n_hidden + 2) for name in UNKNOWNS]
    equations = sorted(desiderata(spec.n_hidden), key=lambda equation: _KINDS.index(equation.name.split()[0]))
    left = [[Fraction(equation.terms.get(column, 0)) for column in columns] for equation in equations]
    right = [equation.right for equation in equations]
    out = Rows()
    for i, (name, layer) in enumerate(columns):
        out.add(0, "unknown", i, layer=f"{name} {layer}", index=i)
    for number, (equation, row) in enumerate(zip(equations, left, strict=True)):
        space = solve_exactly(left[: number + 1], right[: number + 1])
        assert space is not None, "the desiderata have solutions"
        for i, value in enumerate(row):
            if value:
                out.add(0, "coefficient", float(value), layer=equation.name, index=i)
        out.add(0, "right", float(equation.right), layer=equation.name, index=number)
        out.add(0, "freedom", len(space.directions), layer=equation.name, index=number)
    return out
