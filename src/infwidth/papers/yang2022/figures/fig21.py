"""Simulated width: narrow nets in μP of a large base width against wide nets in SP, at every learning rate."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.yang2022.measured import LOSS, as_simulated
from infwidth.papers.yang2022.mlp_panels import mlp_sweep, share_heights
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, PAIR
from infwidth.topics.lr_transfer.measures import stable_rates

_REAL = {"color": PAIR[1], "marker": "s"}
_SIMULATED = {"color": PAIR[0], "marker": "o", "linestyle": (0, (4, 1.5))}


def fig21(tables: Tables) -> Figure:
    """Wide nets in SP (left), the narrow net that simulates them (middle), the largest stable rates of both (right)."""
    real, simulated = tables["mlp_sp"], as_simulated(tables["simulated"])
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.0), width_ratios=(5, 5, 3.6))
    narrow = tables["simulated"].values("base_width")[0]
    panels = {left: (real, "SP, real width"), middle: (simulated, f"μP, width {narrow}")}
    optima = [mlp_sweep(axes, table, title=title, moves=False) for axes, (table, title) in panels.items()]
    share_heights([left, middle], optima)
    left.set_ylabel("train loss of the last epoch")
    middle.set_yticklabels([])
    for table, line in ((real, _REAL), (simulated, _SIMULATED)):
        if len(rows := _stable(table)):
            points(right, rows, **line)
    log_heights(right)
    right.set_yscale("log", base=2)
    widths = simulated.values("width")
    width_axis(right, widths, "real or simulated width n")
    right.set(ylabel="", title="largest stable rate")
    named = [legends.line("SP", **_REAL), legends.line(f"μP, width {narrow}, base width n", **_SIMULATED)]
    legends.below(figure, [*legends.widths(widths, symbol="n"), *named])
    return figure


def _stable(table: Table) -> pd.DataFrame:
    """Return the largest stable rates, columns width, seed, value, of the widths at which the grid holds them."""
    found = []
    for width in table.values("width"):
        try:
            rows = stable_rates(table.at(width=width), metric=LOSS, chance=TEN_CLASSES["cross_entropy"])
        except NotTestableError:
            continue
        found.append(rows.assign(value=2.0**rows.value))
    return pd.concat(found) if found else pd.DataFrame({"width": [], "seed": [], "value": []})
