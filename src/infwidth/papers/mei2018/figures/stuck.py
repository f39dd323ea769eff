"""A non-monotone activation: nets that are stuck from small initial weights and converge from larger ones."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.limits.gaussian_particles import ACTIVATIONS
from infwidth.plotting import legends
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL, LIMIT


def stuck(tables: Tables) -> Figure:
    """The activation (left), risks (middle) and mean norms (right) in time."""
    table = tables["stuck"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.7), width_ratios=(0.7, 1, 1))
    σ, z = ACTIVATIONS["dip"], np.linspace(-0.6, 2.2, 200)
    left.plot(z, σ.value(z), color="0.2")
    left.set(xlabel="z", ylabel="σ(z)")
    _in_time(middle, table, "risk", "limit_risk")
    middle.set(ylabel="risk", ylim=(0, None))
    _in_time(right, table, "radius", "radius")
    right.set(ylabel="mean norm of weights", ylim=(0, None))
    scales = [legends.line(f"κ = {scale:g}", linestyle=dashes) for scale, dashes in _dashes(table).items()]
    legends.below(figure, [*legends.widths(table.values("width")), legends.limit("N = ∞"), *scales])
    return figure


def _dashes(table: Table) -> dict[float, object]:
    return dict(zip(table.values("initial_scale"), (DASHED, "-"), strict=True))


def _in_time(axes: Axes, table: Table, metric: str, of_limit: str) -> None:
    for scale, dashes in _dashes(table).items():
        of = table.at(initial_scale=scale)
        rows, limit = of.nets(metric), of.at(width=max).limit(of_limit).sort_values("step")
        curves(axes, rows.assign(time=rows.step * rows.lr), x="time", linestyle=dashes)
        axes.plot(limit.step * limit.lr, limit.value, **LIMIT | {"linestyle": dashes})
    axes.set_xlabel("time t")
