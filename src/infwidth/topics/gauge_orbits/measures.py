"""What the orbits of a gauge say: by how much a training at θ differs from that at θ = 0."""

from fractions import Fraction

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table


def difference_from_start(orbit: Table, start: Table) -> pd.DataFrame:
    """Return for every θ and step (and rule, if there are several) ‖f_θ − f_0‖ / ‖f_0‖ over the inputs.

    f_0 is the trajectory at θ = 0 in ``start``.
    """
    rule = ["rule"] if "rule" in orbit.frame else []
    point = [*rule, "step", "index"]
    origin = start.at(theta="0").nets("output")[[*point, "value"]].rename(columns={"value": "origin"})
    moved = orbit.nets("output")
    pairs = moved[moved.theta != "0"].merge(origin, on=point)
    squares = pairs.assign(difference=(pairs.value - pairs.origin) ** 2, size=pairs.origin**2)
    sums = squares.groupby([*rule, "theta", "step"])[["difference", "size"]].sum()
    return sums.assign(value=np.sqrt(sums.difference / sums["size"]))[["value"]].reset_index()


def moved_by(orbit: Table) -> list[str]:
    """Return the θ of an orbit in order, but for that of its start."""
    return sorted((theta for theta in orbit.values("theta") if theta != "0"), key=Fraction)
