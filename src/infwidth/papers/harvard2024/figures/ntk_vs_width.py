"""Test loss of nets continued from one base width in the NTK parametrization."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slopes_by_seed
from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curve, curves
from infwidth.plotting.style import FULL, GUIDE, LINE_STYLES


def ntk_vs_width(tables: Tables) -> Figure:
    """Test loss against steps (left); its change per doubling of the width, one regression a seed (right)."""
    table = tables["width_sweep"].at(rule="ntk")
    losses = table.nets("test_loss")
    widths = table.values("width")
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.9), sharex=True)
    for width in widths:
        is_base = width == widths[0]
        curves(left, losses[losses.width == width], band=False, linestyle="-" if is_base else LINE_STYLES["ntk"])
    curve(right, _per_doubling(losses), color="0.3")
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
    """Return for every step and seed the slope of the loss on log₂ of the width."""
    slopes = {step: slopes_by_seed(rows, x="width", log_y=False) for step, rows in losses.groupby("step")}
    return pd.concat(slopes, names=["step"]).rename("value").reset_index()
