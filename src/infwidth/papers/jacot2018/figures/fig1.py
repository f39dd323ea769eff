"""Tangent kernels on the circle, before and after training, and their rates in width."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, PAIR

_INITIAL, _TRAINED = PAIR
_RATES = (
    ("circle_start", "kernel_distance", _INITIAL, -0.5, "initial"),
    ("circle", "kernel_change", _TRAINED, -1.0, "change"),
)


def fig1(tables: Tables) -> Figure:
    """Kernels of all nets at the narrowest and the widest width (left), distances against width (right)."""
    table = tables["circle"]
    figure, (narrow, wide, rates) = plt.subplots(1, 3, figsize=(FULL, 2.8), width_ratios=(1, 1, 0.95))
    narrow.sharey(wide)
    for axes, which in ((narrow, min), (wide, max)):
        _kernels(axes, table.at(width=which, step=(0, table.last_step())), table)
    narrow.set_ylabel("Θ(x(0), x(γ))")
    _distances(rates, tables)
    handles = [
        legends.line("before training", color=_INITIAL),
        legends.line("after training", color=_TRAINED),
        legends.limit("n = ∞"),
        legends.guide("slopes −1/2, −1"),
    ]
    legends.below(figure, handles)
    return figure


def _kernels(axes: Axes, at_width: Table, table: Table) -> None:
    angles = table.limit("angle").drop_duplicates("index").set_index("index").value
    for (step, _), rows in at_width.nets("tangent_kernel").groupby(["step", "seed"]):
        axes.plot(
            angles[rows["index"]], rows.value, color=_TRAINED if step else _INITIAL, linewidth=0.8, alpha=0.8, zorder=2
        )
    limit = at_width.limit("tangent_kernel")
    axes.plot(angles[limit["index"]], limit.value, zorder=3, **LIMIT)
    (width,) = at_width.values("width")
    axes.set(title=f"n = {width:g}", xlabel="angle γ", xticks=[-3, 0, 3])


def _distances(axes: Axes, tables: Tables) -> None:
    notes = []
    for table, metric, colour, slope, words in _RATES:
        rows = tables[table].nets(metric)
        rows = rows[rows.step == rows.step.max()]
        points(axes, rows, color=colour, linestyle="")
        guides.power_law(axes, rows, slope=slope)
        notes.append((f"{words}: {guides.slope_text(rows)}", colour))
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 2, high)
    guides.note(axes, notes)
    widths = {width for table, *_ in _RATES for width in tables[table].values("width")}
    width_axis(axes, widths, "width n")
    axes.set_title("relative to ‖Θ∞‖")
