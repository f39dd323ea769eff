"""What the figures and claims of Tensor Programs IV share."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.claims import NotTestableError
from infwidth.analysis.lr_optimum import final_losses

#: Columns of the paper's Table 1 and the SP of every library: rule → name and hidden layers (mean field has one there).
NAMED = {
    "sp": ("SP, rate 1", 2),
    "sp_lr": ("SP, rate 1/n", 2),
    "ntk": ("NTP", 2),
    "mf": ("mean field, L = 1", 1),
    "mup": ("μP", 2),
}

#: Part of the word analogies answered right, reported in the paper's Table 3 on text8: by width, and by both kernels.
REPORTED_ANALOGIES = {64: 0.3335, 256: 0.4158, 1024: 0.4256, math.inf: 0.4331}
REPORTED_ANALOGIES_OF_KERNELS = 0.0

#: Test accuracy on Omniglot (5-way, 1-shot) reported in the paper's Table 2: by width, and by kernel (experiment).
REPORTED_FEW_SHOT = {
    2: 0.5534,
    8: 0.6454,
    32: 0.6621,
    128: 0.6631,
    512: 0.6643,
    2048: 0.6636,
    8192: 0.6641,
    math.inf: 0.6642,
}
REPORTED_FEW_SHOT_OF_KERNELS = {"maml_gp": 0.4760, "maml_ntk": 0.4782, "maml_linear_kernel": 0.4168}


def train_losses(table: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the final train loss of every net: columns width, lr, seed, value, and whether it diverged (failed)."""
    losses = final_losses(table[table.rule == rule], metric="train_loss")
    return losses.assign(failed=losses.value.isna())


def largest_rates(table: pd.DataFrame, rule: str) -> pd.DataFrame:
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
