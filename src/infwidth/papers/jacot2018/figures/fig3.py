"""Training along a principal component of the limit's kernel."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.jacot2018.measured import largest_across
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, LIMIT


def fig3(tables: Tables) -> Figure:
    """Images by their components; the error across the goal's direction, and along it, over time."""
    table = tables["components"]
    figure, (plane, across, along) = plt.subplots(1, 3, figsize=(FULL, 2.8))
    _plane(plane, table.at(width=max))
    for axes, metric in ((across, "across"), (along, "along")):
        rows = table.nets(metric)
        curves(axes, rows.assign(time=rows.step * rows.lr), x="time")
        axes.set_xlabel("time t")
    limit = table.at(width=max).limit("along")
    along.plot(limit.step * limit.lr, limit.value, zorder=4, **LIMIT)
    across.axhline(0, zorder=4, **LIMIT)
    across.set(title="error in other directions", ylabel="rms over the images", ylim=(0, None))
    guides.note(across, [(f"largest: {guides.slope_text(largest_across(table))}", "0.3")], corner="upper right")
    along.set_title("error along the component")
    log_heights(along)
    along.set_ylim(limit.value.iloc[0] / 200, 1.3 * limit.value.iloc[0])
    legends.below(figure, [*legends.widths(table.values("width"), symbol="n"), legends.limit("n = ∞")])
    return figure


def _plane(axes: Axes, table: Table) -> None:
    components = table.limit("component").pivot(index="index", columns="layer", values="value")
    labels = table.limit("label").set_index("index").value.astype(int)
    sns.scatterplot(
        x=components.f2, y=components.f3, hue=labels, palette="tab10", hue_order=range(10), s=18, legend=False, ax=axes
    )
    eigenvalues = table.limit("eigenvalue").sort_values("index").value.to_numpy()
    axes.set(xlabel="second component", ylabel="third component")
    axes.set_title(", ".join(f"λ{'₁₂₃'[i]} = {eigenvalues[i]:.2g}" for i in range(3)), fontsize=8)
