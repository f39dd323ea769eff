"""Error rates over width and scale of the output, beside where kernels move."""

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from infwidth.analysis.table import Table, Tables
from infwidth.papers.geiger2020.measured import of_nets
from infwidth.papers.geiger2020.panels import SCALE, against, ends_and_middle, scale_colours, scales
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import curve, curves
from infwidth.plotting.style import DASHED, FULL, GUIDE


def test_error(tables: Tables) -> Figure:
    """The plane of width and α; error rates against width, α and √h α."""
    table = tables["flow_widths"]
    rows = of_nets(table, "error_rate")
    figure, ((plane, of_width), (of_alpha, scaled)) = plt.subplots(2, 2, figsize=(FULL, 5.2))
    _plane(plane, table)
    shown = scale_colours(ends_and_middle(rows))
    curves(
        of_width, rows[rows.scaled.isin(shown)], x="width", by="scaled", palette=lambda _: shown, band=False, marker="o"
    )
    kernel = of_nets(table, "init_kernel_error_rate")
    curve(of_width, kernel[kernel.gamma0 == kernel.gamma0.max()], x="width", band=False, color="0.35", linestyle=DASHED)
    width_axis(of_width, rows.width, "width h")
    of_width.set_ylabel("test error")
    against(of_alpha, rows, "alpha", heights="test error", logarithmic=False)
    against(scaled, rows, "scaled", heights="test error", logarithmic=False)
    kernels = legends.line("initial kernel", linestyle=DASHED)
    legends.below(figure, [*legends.widths(rows.width, symbol="h"), *scales(shown), kernels], ncols=5)
    return figure


def _plane(axes: Axes, table: Table) -> None:
    """Draw the change of kernels, a mark for every width and α, and the line on which it is one."""
    change = of_nets(table, "kernel_change").groupby(["width", "alpha"]).value.mean().reset_index()
    decades = np.log10(change.value)
    drawn = axes.scatter(change.width, change.alpha, c=decades, cmap="viridis", s=55, edgecolor="white", linewidth=0.5)
    axes.figure.colorbar(drawn, ax=axes, label="log₁₀ of the kernel's change")
    near = change.assign(far=decades.abs()).sort_values("far").groupby("width").first()
    widths = np.array(sorted(change.width.unique()))
    height = np.exp(np.mean(np.log(near.alpha * np.sqrt(near.index))))
    sns.lineplot(x=widths, y=height / np.sqrt(widths), ax=axes, **GUIDE)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    width_axis(axes, widths, "width h")
    axes.set_ylabel(SCALE)
