"""What the figures and claims of the slides share."""

from typing import Literal

import numpy as np
import pandas as pd

from infwidth.analysis.against_limit import distances
from infwidth.analysis.samples import kolmogorov
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


def logits_per_feature(first_step: Table, rule: str) -> pd.DataFrame:
    """Return how far the readout's own update moves the logits, over the relative update of the last hidden layer."""
    table = first_step.at(rule=rule)
    nets = ["width", "seed"]
    logits = table.at(layer="f").nets("update_size").set_index(nets).value
    deepest = table.deepest_layer("relative_change")
    features = table.at(layer=deepest).nets("relative_change").set_index(nets).value
    return (logits / features).reset_index()


def distance_of_limits(transposed_weights: Table) -> float:
    """Return the root mean square over steps of the difference of the limits with and without Wᵀ's correlation."""
    table = transposed_weights.at(width=max)
    one, other = (table.at(layer=layer).limit("limit_output").value.to_numpy() for layer in ("transpose", "copy"))
    return float(np.sqrt(((one - other) ** 2).mean()))


def distances_of_neurons(tables: Tables, law: Literal["limit", "initial"]) -> pd.DataFrame:
    """Return the Kolmogorov–Smirnov distance of every trained μP net's neurons from the infinite net's.

    ``law`` "limit" takes these after training, "initial" before. Columns width, seed, value.
    """
    step = max if law == "limit" else min
    infinite = tables["mup_limit"].at(metric="preactivation", step=step).limit("preactivation").value.to_numpy()
    neurons = tables["two_limits"].at(rule="mup").nets("preactivation").groupby(["width", "seed"]).value
    return neurons.apply(lambda values: kolmogorov(values.to_numpy(), infinite)).reset_index()
