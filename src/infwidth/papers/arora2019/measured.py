"""What figures and claims share."""

import pandas as pd

from infwidth.analysis.table import Table

#: Columns of the table: kernel and readout.
COLUMNS = {
    "CNN-GP-V": ("nngp", "vector"),
    "CNTK-V": ("ntk", "vector"),
    "CNN-GP-GAP": ("nngp", "pooled"),
    "CNTK-GAP": ("ntk", "pooled"),
}

#: What the paper reports of CNTK-GAP on all of CIFAR-10, by depth: its best, as a lecture on it quotes (Xie 2021,
#: "Convolutional Neural Tangent Kernels"); the other rows are not known to us.
REPORTED = {11: "77.4 %"}


def accuracy(subsets: Table, kernel: str, readout: str) -> pd.DataFrame:
    """Return test accuracies of a kernel ("ntk", "nngp") and readout ("vector", "pooled"): index is the depth."""
    rows: pd.DataFrame = subsets.at(layer=readout).limit(f"{kernel}_accuracy")
    return rows


def gain(subsets: Table, better: tuple[str, str], worse: tuple[str, str]) -> "pd.Series[float]":
    """Return how much more accurate one kernel and readout is than another, the mean over depths, of every part."""
    means = [accuracy(subsets, *which).groupby("seed").value.mean() for which in (better, worse)]
    return means[0] - means[1]
