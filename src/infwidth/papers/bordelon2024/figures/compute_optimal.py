"""The envelope of loss over width at a compute."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2024.measured import closed_form, envelope_slope
from infwidth.papers.bordelon2024.panels import beside_theory, decades
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, GUIDE, LIMIT, PAIR, width_colours
from infwidth.plotting.text import number


def compute_optimal(tables: Tables) -> Figure:
    """Loss against compute by width (left); the least loss (middle), and the width and time that have it (right)."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    power = max(tables["by_width"].values("power_exponent"))
    envelope = tables["envelope"]
    _curves(left, tables["by_width"].at(power_exponent=power), envelope.at(power_exponent=power))
    left.set(title=f"a = {power:g}", ylabel="test loss")
    handles = []
    for value, colour in zip(envelope.values("power_exponent"), PAIR, strict=False):
        of = envelope.at(power_exponent=value)
        _law(middle, of, "loss", colour, "o")
        _law(right, of, "width", colour, "o")
        _law(right, of, "time", colour, "^")
        words = ", ".join(
            f"{symbol} {number(envelope_slope(of, what))} ({number(closed_form(of, what))})"
            for what, symbol in (("loss", "L"), ("width", "N"), ("time", "t"))
        )
        handles.append(legends.line(f"a = {value:g}: {words}", color=colour, marker="o"))
    for axes, title in ((middle, "least loss"), (right, "its width (●) and time (▲)")):
        decades(axes, "compute C = N t")
        log_heights(axes)
        axes.set_title(title)
    widths = legends.widths(tables["by_width"].values("width"))
    legends.below(figure, [*widths, legends.limit("least"), legends.guide("closed form")], ncols=8)
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _curves(axes: Axes, table: Table, envelope: Table) -> None:
    for width, colour in width_colours(table.values("width")).items():
        of = table.at(width=width)
        nets, theory = (rows.assign(compute=rows.step * width) for rows in (of.nets("test"), of.limit("test")))
        beside_theory(axes, nets, theory, colour, x="compute", markersize=2.5)
    compute, loss = (envelope.limit(metric).sort_values("index").value for metric in ("compute", "loss"))
    axes.plot(compute, loss, **LIMIT)
    decades(axes, "compute C = N t")
    log_heights(axes)


def _law(axes: Axes, table: Table, what: str, colour: str, marker: str) -> None:
    compute, values = (table.limit(m).sort_values("index").value.to_numpy() for m in ("compute", what))
    axes.plot(compute, values, marker, color=colour, markersize=3)
    middle = len(compute) * 3 // 4
    guide = values[middle] * (compute / compute[middle]) ** closed_form(table, what)
    axes.plot(compute, guide, zorder=1, **GUIDE)
