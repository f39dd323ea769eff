"""Accuracies from rich to lazy, units that stay, and spectra."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.chizat2019.measured import over_scales
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR


def fig3(tables: Tables) -> Figure:
    """Accuracies and unchanged units against α; spectra of the tangent kernel."""
    table = tables["chizat_images"]
    figure, (accuracies, units, spectra) = plt.subplots(1, 3, figsize=(FULL, 2.7))
    for metric, linestyle in (("test_accuracy", "-"), ("train_accuracy", DASHED)):
        rows = over_scales(table, metric)
        finite = rows[rows.scale < math.inf]
        curve(accuracies, finite, x="scale", color=PAIR[0], linestyle=linestyle, marker="o", markersize=3.5)
        height = rows.value[rows.scale == math.inf].mean()
        accuracies.axhline(height, **LIMIT | {"linestyle": linestyle})
    curve(units, over_scales(table, "unchanged"), x="scale", color=PAIR[0], marker="o", markersize=3.5)
    for axes, label in ((accuracies, "accuracy"), (units, "unchanged units")):
        axes.set_xscale("log")
        axes.set(xlabel="scale α", ylabel=label)
    for layer, colour in zip(("images", "noise"), PAIR, strict=True):
        curve(spectra, table.at(layer=layer).nets("kernel_eigenvalue").assign(rank=_rank), x="rank", color=colour)
    log_heights(spectra)
    spectra.set_xscale("log")
    spectra.set(xlabel="rank", ylabel="eigenvalue")
    kinds = [legends.line("test"), legends.line("training", linestyle=DASHED), legends.limit("linearized")]
    inputs = [
        legends.line(f"kernel of {name}", color=colour) for name, colour in zip(("images", "noise"), PAIR, strict=True)
    ]
    legends.below(figure, [*kinds, *inputs])
    return figure


def _rank(rows: pd.DataFrame) -> "pd.Series[int]":
    return rows["index"] + 1
