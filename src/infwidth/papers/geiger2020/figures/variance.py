"""Variance over initialisations, and ensembles."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.geiger2020.measured import by_scale, of_nets
from infwidth.papers.geiger2020.panels import against, ends_and_middle, scale_colours, scales
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL


def variance(tables: Tables) -> Figure:
    """Variance against width, collapsed; errors of single nets and of ensembles."""
    table = tables["flow_ensembles"]
    rows, single = of_nets(table, "output_deviation"), of_nets(table, "error_rate")
    ensembles = by_scale(table.ensemble("ensemble_error_rate"))
    ensembles = ensembles.assign(seed=ensembles["index"])
    figure, ((of_width, collapsed), (errors, by_width)) = plt.subplots(2, 2, figsize=(FULL, 5.2))
    shown = scale_colours(ends_and_middle(rows))
    _against_width(of_width, rows, shown)
    for at in shown:
        guides.power_law(of_width, rows[rows.scaled == at], slope=-1)
    log_heights(of_width)
    of_width.set_ylabel("variance of F")
    against(collapsed, rows.assign(value=rows.value * rows.width), "scaled", heights="h × variance of F")
    against(errors, single, "scaled", logarithmic=False, band=False)
    against(errors, ensembles, "scaled", heights="test error", logarithmic=False, linestyle=DASHED, band=False)
    _against_width(by_width, single, shown, band=False)
    _against_width(by_width, ensembles, shown, linestyle=DASHED, band=False)
    by_width.set_ylabel("test error")
    kinds = [legends.line("single nets"), legends.line("their average", linestyle=DASHED), legends.guide("slope −1")]
    legends.below(figure, [*legends.widths(rows.width, symbol="h"), *scales(shown), *kinds], ncols=4)
    return figure


def _against_width(axes: Axes, rows: pd.DataFrame, shown: dict[float, tuple[float, float, float]], **line: Any) -> None:
    chosen = rows[rows.scaled.isin(shown)]
    curves(axes, chosen, x="width", by="scaled", palette=lambda _: shown, marker="o", markersize=3.5, **line)
    width_axis(axes, rows.width, "width h")
