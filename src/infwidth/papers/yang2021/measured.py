"""What the figures and claims of Tensor Programs IV share."""

import numpy as np
import pandas as pd

from infwidth.analysis.lr_optimum import final_losses
from infwidth.analysis.table import NotTestableError, Table

#: Columns of the paper's Table 1 and the SP of every library: rule → name and hidden layers (mean field has one there).
NAMED = {
    "sp": ("SP, rate 1", 2),
    "sp_lr": ("SP, rate 1/n", 2),
    "ntk": ("NTP", 2),
    "mf": ("mean field, L = 1", 1),
    "mup": ("μP", 2),
}


def train_losses(table: Table, rule: str) -> pd.DataFrame:
    """Return the final train loss of every net: columns width, lr, seed, value, and whether it diverged (failed)."""
    losses = final_losses(table.at(rule=rule), metric="train_loss")
    return losses.assign(failed=losses.value.isna())


def largest_rates(table: Table, rule: str) -> pd.DataFrame:
    """Return the largest rate up to which all training succeeds: columns width, seed, value."""
    losses = train_losses(table, rule)
    failed = losses[losses.failed].groupby(["width", "seed"]).lr.min()
    records = []
    for (width, seed), rates in losses.groupby(["width", "seed"]).lr:
        stable = rates[rates < failed.get((width, seed), np.inf)]
        if stable.empty or len(stable) == len(rates):
            raise NotTestableError(f"At width {width:g} ({rule}) the grid of rates does not hold the largest one.")
        records.append((width, seed, stable.max()))
    return pd.DataFrame(records, columns=["width", "seed", "value"])
