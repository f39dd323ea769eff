"""Loss against learning rate for growing widths, in NTP and in μP, on one axis."""

from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.measured import nets
from infwidth.plotting.axes import log_heights
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import width_colours

#: Far above 0.1, the loss of a net that says nothing.
_CEILING = 0.3

_TITLES = {"0": "NTP (r = 0)", "1/2": "μP (r = ½)"}


def lr_transfer(tables: Tables) -> Figure:
    """Two panels with one axis; the dot of a width is the best rate of its mean curve."""
    losses = nets(tables["lr_sweep"], "test_loss")
    final = losses[losses.step == losses.step.max()]
    richnesses = sorted(final.richness.unique(), key=Fraction)
    figure, panels = plt.subplots(
        1, len(richnesses), figsize=(3.8 * len(richnesses), 3.4), sharex=True, sharey=True, squeeze=False
    )
    for axes, richness in zip(panels[0], richnesses, strict=True):
        rows = final[final.richness == richness]
        for width, colour in width_colours(rows.width.unique().tolist()).items():
            of_width = _alive(rows[rows.width == width])
            curve_with_band(axes, of_width, x="lr", color=colour, label=f"n = {width}", linewidth=1.3)
            mean = of_width.groupby("lr").value.mean()
            axes.plot([mean.idxmin()], [mean.min()], "o", color=colour, markersize=7, markeredgecolor="black", zorder=5)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_ylim(top=_CEILING)
        log_heights(axes)
        axes.set_xlabel("learning rate η")
        axes.set_title(_TITLES[richness])
    panels[0, 0].set_ylabel("test loss after one epoch (mean squared error)")
    panels[0, -1].legend()
    return figure


def _alive(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the curve up to the first learning rate at which a seed diverged, in truth or in all but name."""
    complete = rows.groupby("lr").value.agg(lambda v: len(v) == rows.seed.nunique() and bool((v < _CEILING).all()))
    dead = complete.index[~complete.astype(bool)]
    return rows[rows.lr < (dead.min() if len(dead) else np.inf)]
