"""What the experiments of Vyas et al. 2023 measure, shared by figures and claims."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import NotTestableError, Table

#: The edge of stability: a net is at it while its train loss is between these parts of its first one.
EDGE_PHASE = (0.1, 0.8)
#: Eigenvalues and eigenvectors that are compared.
LEADING = 10
#: Parts of training after which the variance is looked at.
PARTS = {"early": 0.1, "late": 1.0}


def edge_sharpness(table: Table) -> pd.DataFrame:
    """Return η·λ of every net of one learning rate, averaged over its edge phase: columns width, seed, value."""
    rows = table.nets("train_loss", "sharpness")
    whole = rows.pivot(index=["width", "seed", "step"], columns="metric", values="value").reset_index()
    first = whole.groupby(["width", "seed"]).train_loss.transform("first")
    low, high = EDGE_PHASE
    phase = whole[(whole.train_loss >= low * first) & (whole.train_loss <= high * first)]
    if phase.empty:
        raise NotTestableError("No net is in the edge phase at this scale.")
    return phase.groupby(["width", "seed"]).sharpness.mean().rename("value").reset_index()


def narrowest_behind_widest(table: Table) -> pd.DataFrame:
    """Return log of the narrowest net's test loss over the widest's: columns step, seed, value."""
    losses = table.nets("test_loss").pivot(index=["step", "seed"], columns="width", values="value")
    return (losses.iloc[:, 0] / losses.iloc[:, -1]).map(np.log).rename("value").reset_index()
