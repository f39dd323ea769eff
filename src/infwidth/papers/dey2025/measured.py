"""What figures and claims share: best rates over depths, and what branches learn beyond linear in their weights."""

import pandas as pd

from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table
from infwidth.topics.lr_transfer.measures import tuned_rate

#: What sweeps over learning rates are judged by. No net of these is at chance, that of words being far above the loss
#: of their frequencies alone.
LOSS, CHANCE = "late_loss", float("inf")
#: The two kinds of residual branches of a block, and how they are called.
KINDS = {"mlp": "MLPs", "attention": "attentions"}


def rate_drift(table: Table, power: str) -> Estimate:
    """Return the change of log₂ of the best learning rate per doubling of the depth, branches over L^``power``."""
    return drift(table.at(branch_power=power), axis="n_blocks", metric=LOSS, chance=CHANCE)


def distance_of_drift(table: Table, power: str) -> Estimate:
    """Return its absolute value, with the interval that follows."""
    return rate_drift(table, power).size()


def beyond_linear(table: Table, power: str, kind: str, *, slower: float = 1.0) -> pd.DataFrame:
    """Return what branches of a kind learn beyond linear in their weights, mean over blocks: n_blocks, seed, value.

    At the rate that is best for the shallowest nets, or so many times ``slower``.
    """
    nets = table.at(branch_power=power)
    rate = tuned_rate(nets, metric=LOSS, chance=CHANCE, axis="n_blocks") / slower
    rows = nets.at(lr=rate, layer=kind).at_end().nets("beyond_linear")
    return rows.groupby(["n_blocks", "seed"]).value.mean().reset_index()


def lazier(table: Table, kind: str) -> pd.DataFrame:
    """Return the same with branches over √L, over that with branches over L: n_blocks, seed, value."""
    lazy, rich = (beyond_linear(table, power, kind).set_index(["n_blocks", "seed"]).value for power in ("1/2", "1"))
    return (lazy / rich).dropna().reset_index()
