"""The one-parameter family of parametrizations, solved."""

from typing import Literal

from infwidth.parametrization.solver import solve
from infwidth.results.rows import Rows
from infwidth.specs.block import Depth
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import Gauge


class Spec(Computation):
    """The family of nets with ``n_hidden`` hidden layers, in one gauge."""

    name: Literal["richness_family"]
    n_hidden: Depth
    gauge: Gauge


def rows(spec: Spec, data: None) -> Rows:
    """Return every layer's multiplier g, init std sigma and learning rate eta in one gauge, as exponents of the width.

    The family is affine in the richness: ``…_exponent`` at richness 0 and ``…_slope`` in the richness say all of it.
    They are halves of whole numbers, which floating point holds exactly.
    """
    out = Rows()
    lazy, rich = (solve(spec.n_hidden, richness, spec.gauge) for richness in (0, 1))
    for layer, (start, end) in enumerate(zip(lazy, rich, strict=True), start=1):
        for name in ("g", "sigma", "eta"):
            constant = getattr(start, name)
            out.add(0, f"{name}_exponent", float(constant), layer=f"W{layer}")
            out.add(0, f"{name}_slope", float(getattr(end, name) - constant), layer=f"W{layer}")
    return out
