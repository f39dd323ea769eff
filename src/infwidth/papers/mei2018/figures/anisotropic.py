"""Risk and norms of weights in informative and other coordinates, beside the mean-field limit."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL, LIMIT, width_colours


def anisotropic(tables: Tables) -> Figure:
    """Risks (left), mean norms of both parts of the weights (middle), and their path (right)."""
    table = tables["anisotropic"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.7))
    curves(left, _timed(table.nets("risk")), x="time")
    limit = _timed(table.at(width=max).limit("limit_risk"))
    left.plot(limit.time, limit.value, **LIMIT)
    left.set(xlabel="time t", ylabel="risk", ylim=(0, None))
    for part, dashes in (("1", "-"), ("2", DASHED)):
        of = table.at(layer=part)
        curves(middle, _timed(of.nets("radius")), x="time", linestyle=dashes)
        limit = _timed(of.at(width=max).limit("radius"))
        middle.plot(limit.time, limit.value, **LIMIT | {"linestyle": dashes})
    middle.set(xlabel="time t", ylabel="mean norm of weights", ylim=(0, None))
    for width, colour in width_colours(table.values("width")).items():
        means = _path(table.at(width=width).nets("radius"))
        right.plot(means["1"], means["2"], color=colour)
    means = _path(table.at(width=max).limit("radius"))
    right.plot(means["1"], means["2"], **LIMIT)
    right.plot(means["1"].iloc[:1], means["2"].iloc[:1], "o", color="black", markersize=4)
    right.set(xlabel="norm, informative", ylabel="norm, others")
    parts = [legends.line("informative"), legends.line("others", linestyle=DASHED)]
    legends.below(figure, [*legends.widths(table.values("width")), legends.limit("N = ∞"), *parts])
    return figure


def _timed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(time=rows.step * rows.lr).sort_values("step")


def _path(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean norms, steps by parts."""
    return rows.pivot_table(index="step", columns="layer", values="value")
