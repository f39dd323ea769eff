"""What the figures and claims of the slides share."""

import numpy as np
import pandas as pd

from infwidth.analysis.against_limit import distances
from infwidth.analysis.table import Table, Tables

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


def program_distances(tables: Tables, program: str) -> pd.DataFrame:
    """Return the distance of every finite net from the limit that its ``program`` is compiled to.

    Nets of several activations or depths have seeds of their own: a seed tells single nets of one width apart.
    """
    nets, limit = tables[program], tables[f"{program}_limit"]
    axes = [name for name in ("activation", "n_hidden") if name in limit.frame]
    rows = distances(nets, limit, "correct_logit", axes=["width", *axes])
    return rows.assign(seed=rows.groupby([*axes, "seed"]).ngroup()) if axes else rows


def ntk_distances(tables: Tables) -> pd.DataFrame:
    """Return the distance of every net in the NTK parametrization from the limit of those in μP."""
    limit = tables["compiled_mlp_limit"].at(activation="tanh", n_hidden=2)
    return distances(tables["compiled_ntk"], limit, "correct_logit")
