"""Online against offline training."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import step_axis
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, GUIDE
from infwidth.topics.consistency import panels

_STREAMS = {"vision_online": "online: no image twice", "vision_offline": "offline: few images repeat"}


def fig8(tables: Tables) -> Figure:
    """Test losses online and offline (top), and how far narrower nets are behind the widest, by seed (bottom)."""
    streams = {name: tables[experiment] for experiment, name in _STREAMS.items()}
    figure, (top, bottom) = plt.subplots(2, 2, figsize=(FULL, 4.3), sharex=True, sharey="row", height_ratios=(3, 2))
    panels.loss_curves(streams, list(top))
    for axes, table in zip(bottom, streams.values(), strict=True):
        curves(axes, panels.after_start(panels.behind_widest(table)))
        axes.axhline(0, **GUIDE)
        step_axis(axes)
    for axes in top:
        axes.set_xlabel("")
    bottom[0].set_ylabel("log loss, less that\nof the widest net")
    legends.below(figure, legends.widths(panels.all_widths(streams.values())))
    return figure
