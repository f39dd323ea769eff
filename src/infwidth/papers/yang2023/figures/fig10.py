"""Loss against learning rate over depths, in Depth-μP and in two parametrizations that do not transfer."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023 import panels
from infwidth.papers.yang2023.panels import Kind
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, DOTTED, FULL, LAZY, RICH

_KINDS = {
    "depth_mup": Kind("Depth-μP (1/2, 1/2)", {"color": RICH, "marker": "o"}),
    "half_zero": Kind("(1/2, 0)", {"color": LAZY, "marker": "s", "linestyle": DASHED}),
    "standard_depth": Kind("standard (0, 0)", {"color": "0.35", "marker": "D", "linestyle": DOTTED}),
}


def fig10(tables: Tables) -> Figure:
    """Draw a sweep for each parametrization (top), and best rates and losses against the depth (bottom)."""
    figure = plt.figure(figsize=(FULL, 5.0))
    cells = figure.add_gridspec(2, 6, height_ratios=(1.12, 1))
    sweeps = [figure.add_subplot(cells[0, 2 * place : 2 * place + 2]) for place in range(3)]
    panels.over_rates(sweeps, [(tables[name], kind.title) for name, kind in _KINDS.items()])
    rates, losses = (figure.add_subplot(cells[1, half]) for half in (slice(0, 3), slice(3, 6)))
    panels.best_rates(rates, tables, _KINDS, "depth L")
    panels.best_over_depth(losses, tables, _KINDS, "depth L")
    losses.set_ylabel(panels.LOSS_LABEL)
    depths = legends.depths(tables["depth_mup"].values("n_blocks"))
    legends.below(figure, [*depths, *(legends.line(kind.title, **kind.line) for kind in _KINDS.values())], ncols=7)
    return figure
