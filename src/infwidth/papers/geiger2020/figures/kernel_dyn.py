"""Regression with the kernel before and after training."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.geiger2020.measured import of_nets, rich
from infwidth.papers.geiger2020.panels import SCALED, scale_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, DOTTED, FULL, LAZY, RICH

#: Metric → words, colour and line.
_KINDS = {
    "error_rate": ("net", "0.25", "-"),
    "final_kernel_error_rate": ("kernel after training", RICH, DASHED),
    "init_kernel_error_rate": ("kernel before training", LAZY, DOTTED),
}


def kernel_dyn(tables: Tables) -> Figure:
    """Errors against √h α of the widest nets, and against width in the rich regime."""
    table = tables["flow_kernels"]
    figure, (of_scale, of_width) = plt.subplots(1, 2, figsize=(FULL, 2.9), sharey=True)
    for metric, (_, colour, linestyle) in _KINDS.items():
        rows = of_nets(table, metric)
        line = {"color": colour, "linestyle": linestyle, "marker": "o", "markersize": 3.5}
        curve(of_scale, rows[rows.width == rows.width.max()], x="scaled", **line)
        means = rich(rows).groupby(["width", "seed"]).value.mean().reset_index()
        curve(of_width, means, x="width", **line)
    scale_axis(of_scale)
    widest = max(table.values("width"))
    of_scale.set(xlabel=SCALED, ylabel="test error", title=f"h = {widest}")
    width_axis(of_width, table.values("width"), "width h")
    of_width.set_title(f"rich: {SCALED} ≤ 0.1")
    kinds = [legends.line(words, color=colour, linestyle=style) for words, colour, style in _KINDS.values()]
    legends.below(figure, kinds)
    return figure
