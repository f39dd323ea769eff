"""What nets of growing width have learned: preactivations, feature kernels, attention."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.style import FULL
from infwidth.topics.consistency import panels


def representations(tables: Tables) -> Figure:
    """After training: preactivations and feature kernels (top, vision), preactivations and attention (bottom)."""
    figure = plt.figure(figsize=(FULL, 3.9))
    (top,), (bottom,) = figure.subfigures(2, 1, squeeze=False)
    vision, language = tables["vision_online"], tables["language"]
    panels.representations(top, vision, "kernel", task="vision, online", label="feature kernel\n/ mean diagonal")
    panels.representations(bottom, language, "attention", task="language", label="attention\n/ mean diagonal")
    legends.below(figure, legends.widths(panels.all_widths((vision, language))))
    return figure
