"""The solvable model's exponents on images: spectrum and power of the task of nets, and their linearization in time."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import NotTestableError, Tables
from infwidth.papers.bordelon2024.measured import nets_on_images
from infwidth.papers.bordelon2024.panels import decades
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL, GUIDE, ordered_colours
from infwidth.plotting.text import with_interval


def realistic(tables: Tables) -> Figure:
    """Eigenvalues and residual power by rank (above), losses in time and their exponents (below)."""
    table = tables["images"]
    figure, ((spectrum, power), (loss, exponents)) = plt.subplots(2, 2, figsize=(FULL, 5.2))
    eigenvalues, on_test, on_train = (
        _positive(table.nets(name)) for name in ("eigenvalue", "residual_power", "residual_power_train")
    )
    last = eigenvalues["index"].max()
    shown: dict[str, Any] = {"x": "index", "palette": ordered_colours}
    curves(spectrum, eigenvalues, band=False, **shown)
    curves(power, on_test[on_test["index"] < last / 2], **shown)
    curves(power, on_train[on_train["index"] < last / 2], band=False, linestyle=DASHED, linewidth=0.9, **shown)
    curves(loss, table.nets("test"), palette=ordered_colours)
    try:
        nets = nets_on_images(table)
    except NotTestableError:
        nets = pd.DataFrame()
    window = (last / 100, last / 10)
    if len(nets):
        widest = nets[nets.width == nets.width.max()]
        stop = np.exp(np.log(widest.stop).mean())
        start = stop / (window[1] / window[0]) ** widest.spectrum.mean()
        of_widest = table.at(width=max)
        for axes, rows, x, span, slope, name in (
            (spectrum, of_widest.nets("eigenvalue"), "index", window, -widest.spectrum, "$k^{-b}$, b ="),
            (power, of_widest.nets("residual_power"), "index", window, -widest.power, "$k^{-(a-1)}$, a − 1 ="),
            (loss, of_widest.nets("test"), "step", (start, stop), widest.predicted, "$t^{-(a-1)/b}$, (a − 1)/b ="),
        ):
            _guide(axes, rows, x, span, slope.mean())
            text = f"{name} {with_interval(mean_over_seeds(-slope))}"
            guides.note(axes, [(text, "0.25")], corner="upper right" if axes is not power else "lower left")
        _exponents(exponents, nets)
    for axes, label, title, heights in (
        (spectrum, "rank k", "spectrum at initialization", "eigenvalue λ"),
        (power, "rank k", "power of the task beyond rank k", "residual power"),
        (loss, "time t", "linearized nets in time", "test loss"),
    ):
        decades(axes, label)
        log_heights(axes)
        axes.set(title=title, ylabel=heights)
    widths = [legends.line(f"N = {width}", color=c) for width, c in ordered_colours(table.values("width")).items()]
    kinds = [legends.line("test images"), legends.line("images of the modes", linestyle=DASHED)]
    legends.below(figure, [*widths, *kinds, legends.guide("power law of the widest")], ncols=7)
    return figure


def _positive(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out ranks at which a net has no eigenvalue any more, or no power."""
    return rows[rows.value > 1e-12]


def _guide(axes: Axes, rows: pd.DataFrame, x: str, span: tuple[float, float], slope: float) -> None:
    """Draw a power law over its span, a little below the mean of the curves."""
    means = rows.groupby(x).value.mean()
    at = np.geomspace(*span, 2)
    middle = np.exp(np.interp(np.log(at).mean(), np.log(means.index.to_numpy(float) + 1e-300), np.log(means)))
    axes.plot(at, 0.85 * middle * (at / np.sqrt(at[0] * at[1])) ** slope, **GUIDE)


def _exponents(axes: Axes, nets: pd.DataFrame) -> None:
    for width, colour in ordered_colours(nets.width.unique()).items():
        of = nets[nets.width == width]
        axes.plot(-of.predicted, -of.time, "o", color=colour, markersize=4, alpha=0.8, markeredgewidth=0)
    ends = [0.0, 1.15 * float(-nets[["predicted", "time"]].to_numpy().min())]
    axes.plot(ends, ends, **GUIDE)
    axes.set(
        xlim=ends, ylim=ends, title="exponents in time", xlabel="predicted, (a − 1)/b", ylabel="measured on test images"
    )
