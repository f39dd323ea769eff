"""Best loss against the number of layers, with one layer a block and with two."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023 import panels
from infwidth.papers.yang2023.panels import Kind
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, HALF, LAZY, RICH

_KINDS = {
    "depth_mup": Kind("one layer a block", {"color": RICH, "marker": "o"}),
    "two_layers": Kind("two layers a block", {"color": LAZY, "marker": "s", "linestyle": DASHED}, layers=2),
}


def fig4(tables: Tables) -> Figure:
    """Draw the loss at the best rate of every depth."""
    figure, axes = plt.subplots(figsize=(HALF, 2.7))
    panels.best_over_depth(axes, tables, _KINDS, "number of layers")
    axes.set(title="ReLU, at the best rate", ylabel=panels.LOSS_LABEL)
    legends.below(figure, [legends.line(kind.title, **kind.line) for kind in _KINDS.values()])
    return figure
