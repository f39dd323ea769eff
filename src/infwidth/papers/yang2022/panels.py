"""Panels that several figures share: the final loss against one hyperparameter, over widths or depths."""

from collections.abc import Iterable, Sequence

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2022.sweeps import LOSS, by_setting, over_sizes
from infwidth.plotting import legends
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, Colour, depth_colours, ordered_colours, width_colours
from infwidth.topics.lr_transfer import panels

_LABELS = {
    "lr": "learning rate η",
    "output_multiplier": r"output multiplier $\alpha_\mathrm{output}$",
    "attention_multiplier": r"attention multiplier $\alpha_\mathrm{attn}$",
    "init_scale": "scale of initial weights σ",
    "schedule": "schedule",
}
_PALETTES = {"width": width_colours, "n_blocks": depth_colours}


def size_colours(sizes: Iterable[float]) -> dict[int, Colour]:
    """Return the colours of sizes that are neither widths nor depths, light to dark, for one panel."""
    return ordered_colours(int(size) for size in sizes)


def rates_over_sizes(axes: Axes, sweep: Table, axis: str, label: str) -> None:
    """Draw the mean final loss against the rate, a colour a size, with each curve's optimum and a legend below."""
    nets = over_sizes(sweep)
    panels.sweep(axes, nets, axis=axis, metric=LOSS, symbol=label, palette=size_colours)
    axes.set(title=f"{label}\nlog₂ η*: {panels.moves(nets, metric=LOSS, axis=axis)}", ylabel="")
    handles = [legends.line(str(size), color=colour) for size, colour in size_colours(nets.values(axis)).items()]
    legends.inside(axes, handles, "upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(handles))


def rates_sheet(tables: Tables, sweeps: Sequence[tuple[str, str, str]]) -> Figure:
    """Draw :func:`rates_over_sizes` for several sweeps (table, axis, what that is called), a panel each."""
    figure, row = plt.subplots(1, len(sweeps), figsize=(FULL, 2.8), sharey=True)
    for axes, (table, axis, label) in zip(row, sweeps, strict=True):
        rates_over_sizes(axes, tables[table], axis, label)
    row[0].set(ylim=(0, None), ylabel="final train loss (nats)")
    return figure


def setting(axes: Axes, sweep: Table, name: str, *, axis: str = "width") -> None:
    """Draw the mean final loss against a hyperparameter, a colour a width or depth, with each curve's optimum."""
    nets = by_setting(sweep, name)
    if name == "schedule":
        final = nets.at_end().nets(LOSS)
        curves(axes, final, x="lr", by=axis, palette=_PALETTES[axis], band=False, linewidth=1.2, marker="o")
        places = sorted(final.lr.unique())
        axes.set_xticks(places, ["abcdef"[int(place)] for place in places])
    else:
        panels.sweep(
            axes, nets, axis=axis, metric=LOSS, symbol="N" if axis == "width" else "L", palette=_PALETTES[axis]
        )
        axes.set_title(f"log₂: {panels.moves(nets, metric=LOSS, axis=axis, unit='')}")
    axes.set(xlabel=_LABELS[name], ylabel="")
