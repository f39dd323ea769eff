"""What the figures and claims of the slides share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table

#: Rules of the table and their names, in the order of the slides; the last is not there.
NAMES = {
    "ntk": "NTP",
    "sp": "SP, rate 1",
    "sp_lr": "SP, rate 1/n",
    "mf_as_written": "mean field",
    "mup": "μP",
    "mf": "mean field, 1/√n",
}


def difference_from_start(orbit: Table, start: Table) -> pd.DataFrame:
    """Return for every rule, θ and step ‖f_θ − f_0‖ / ‖f_0‖ over the inputs; f_0 is the trajectory at θ = 0."""
    point = ["rule", "step", "index"]
    origin = start.at(theta="0").nets("output")[[*point, "value"]].rename(columns={"value": "origin"})
    moved = orbit.nets("output")
    pairs = moved[moved.theta != "0"].merge(origin, on=point)
    squares = pairs.assign(difference=(pairs.value - pairs.origin) ** 2, size=pairs.origin**2)
    sums = squares.groupby(["rule", "theta", "step"])[["difference", "size"]].sum()
    return sums.assign(value=np.sqrt(sums.difference / sums["size"]))[["value"]].reset_index()
