"""Convolutional nets: five parametrizations of Myrtle-5, and the two ends of the scale for a mixer."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.figures.five_curves import draw_five
from infwidth.papers.karkada2024.measured import nets
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import richness_colour


def cnn(tables: Tables) -> Figure:
    """Test loss of Myrtle-5 in the five parametrizations."""
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    draw_five(axes, tables["cnn_curves"], log_loss=False)
    return figure


def conv_mixer(tables: Tables) -> Figure:
    """Test loss of the mixer at both ends of the scale."""
    losses = nets(tables["mixer_curves"], "test_loss")
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for richness, name in (("0", "NTP (r = 0)"), ("1/2", "μP (r = ½)")):
        curve_with_band(
            axes, losses[losses.richness == richness], x="step", color=richness_colour(richness), label=name
        )
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_xlabel("training step")
    axes.set_ylabel("test loss (mean squared error)")
    axes.legend()
    return figure
