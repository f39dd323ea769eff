"""The toy model of noisy features: learning curves and the onset."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import toy_onsets
from infwidth.papers.atanasov2022.panels import sample_axis
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, LAZY, RICH, width_colours
from infwidth.plotting.text import number

_METRICS = {"test_error": "-", "ensemble_error": DASHED}


def fig6(tables: Tables) -> Figure:
    """Curves of several N (left), of lazy and rich features (middle), and the onset against N (right)."""
    table = tables["onset_toy"]
    widths = sorted(table.nets("test_error")["index"].unique())
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    middle.sharey(left)
    for width, colour in width_colours(widths).items():
        for metric, linestyle in _METRICS.items():
            at = table.at(index=width)
            _line(left, at.at(layer="lazy"), metric, color=colour, linestyle=linestyle)
            rows = at.nets(metric)
            points(left, rows, x="step", color=colour, linestyle="", markersize=3.5, marker="o")
    shown = min(widths)
    for layer, regime in (("lazy", LAZY), ("rich", RICH)):
        for metric, linestyle in _METRICS.items():
            _line(middle, table.at(index=shown, layer=layer), metric, color=regime, linestyle=linestyle)
    rich = table.at(index=shown, layer="rich").limit("test_error").sort_values("step")
    late = rich[rich.step >= rich.step.max() / 10]
    guides.power_law(middle, late.assign(value=2 * late.value), slope=-0.5, x="step")
    for axes in (left, middle):
        sample_axis(axes)
    log_heights(left)
    left.set(title="theory and draws", ylabel="test error", ylim=(1e-5, 3))
    middle.set_title(f"lazy and rich, N = {shown}")
    _onsets(right, table)
    kinds = [legends.line("single"), legends.line("ensemble", linestyle=DASHED)]
    regimes = [legends.line("lazy", color=LAZY), legends.line("rich", color=RICH)]
    legends.below(figure, [*legends.widths(widths), *kinds, *regimes])
    return figure


def _line(axes: Axes, table: Table, metric: str, **line: Any) -> None:
    rows = table.limit(metric).sort_values("step")
    axes.plot(rows.step, rows.value, **line)


def _onsets(axes: Axes, table: Table) -> None:
    notes: list[tuple[str, str]] = []
    for layer, colour in (("rich", RICH), ("lazy", LAZY)):
        found = toy_onsets(table, layer)
        found = found[np.isfinite(found)]
        axes.plot(found.index, found, "o", color=colour)
        slope = np.polyfit(np.log(found.index.to_numpy(float)), np.log(found), 1)[0]
        notes.append((f"slope {number(slope)}", colour))
        if layer == "lazy":
            guides.power_law(axes, pd.DataFrame({"width": found.index, "value": found.to_numpy()}), slope=0.5)
    log_heights(axes)
    width_axis(axes, found.index)
    axes.set(title="onset", ylabel="$P_{1/2}$")
    guides.note(axes, notes, corner="upper left")
