"""Online against offline training."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.vyas2023.measured import STREAMS, deviations
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, step_axis, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, PAIR
from infwidth.topics.consistency import panels

_NAMES = {"online": "online: no image twice", "offline": "offline: few images repeat"}


def fig8(tables: Tables) -> Figure:
    """Test losses online and offline, and how far nets are from the widest at equal train loss (right)."""
    figure, (*both, right) = plt.subplots(1, 3, figsize=(FULL, 2.9), width_ratios=(4, 4, 4))
    both[1].sharey(both[0])
    for axes, (stream, (name, _)) in zip(both, STREAMS.items(), strict=True):
        panels.nets_and_mean(axes, panels.after_start(tables[name].nets("test_loss")))
        step_axis(axes)
        axes.set_title(_NAMES[stream])
    both[0].set_ylabel("test loss (cross-entropy)")
    both[1].tick_params(labelleft=False)
    _on_real_images(both[0], tables)
    _draw_deviations(right, deviations(tables))
    widths = panels.all_widths(tables[name] for name, _ in STREAMS.values())
    streams = [legends.line(stream, color=colour, marker="o") for stream, colour in zip(STREAMS, PAIR, strict=True)]
    legends.below(figure, [*legends.widths(widths), *streams])
    return figure


def _on_real_images(axes: Axes, tables: Tables) -> None:
    """Write how well nets do on real images, trained on drawn and on real ones."""
    drawn, real = (tables[f"real_from_{of}"].at_end().nets("test_accuracy").value.mean() for of in ("drawn", "real"))
    text = f"on real images:\n{drawn:.0%} right\n(trained on real\nones: {real:.0%})"
    axes.text(0.04, 0.05, text, transform=axes.transAxes, fontsize=7, color="0.3", va="bottom")


def _draw_deviations(axes: Axes, found: pd.DataFrame) -> None:
    for stream, colour in zip(STREAMS, PAIR, strict=True):
        points(axes, found[found.stream == stream], color=colour)
    log_heights(axes)
    width_axis(axes, found.width)
    axes.set_title("at equal train loss")
    axes.set_ylabel("distance of a net's logits from\nthe widest nets' average, relative")
