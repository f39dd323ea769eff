"""Test loss of nets continued from one base width in the NTK parametrization."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curves, single_nets
from infwidth.plotting.style import FULL, GUIDE, LINE_STYLES


def ntk_vs_width(tables: Tables) -> Figure:
    """Test loss against steps (left); its change per doubling of the width with its interval (right)."""
    table = tables["width_sweep"].at(rule="ntk")
    losses = table.nets("test_loss")
    widths = table.values("width")
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.9), sharex=True)
    for width in widths:
        is_base = width == widths[0]
        single_nets(left, losses[losses.width == width], linewidth=0.4, alpha=0.3)
        curves(left, losses[losses.width == width], band=False, linestyle="-" if is_base else LINE_STYLES["ntk"])
    found = _per_doubling(losses)
    right.fill_between(found.index, found.low, found.high, color="0.3", alpha=0.2, linewidth=0)
    right.plot(found.index, found.value, color="0.3")
    right.axhline(0, **GUIDE)
    left.set(xlabel="training step", ylabel="test loss (cross-entropy)", xlim=(0, table.last_step()))
    right.set(xlabel="training step", ylabel="change of the loss\nper doubling of the width")
    base, *others = legends.widths(widths)
    base.set_label(f"N = {widths[0]} (base)")
    for handle in others:
        handle.set_linestyle(LINE_STYLES["ntk"])
    legends.below(figure, [base, *others])
    return figure


def _per_doubling(losses: pd.DataFrame) -> pd.DataFrame:
    """Return for every step the slope of the loss on log₂ of the width, with its interval."""
    slopes = {step: vars(slope_of_means(rows)) for step, rows in losses.groupby("step")}
    return pd.DataFrame.from_dict(slopes, orient="index").replace([np.inf, -np.inf], np.nan)
