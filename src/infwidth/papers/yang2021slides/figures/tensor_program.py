"""Trainings of finite nets beside the limit that their tensor program is compiled to."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.against_limit import sampling_error
from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2021slides.measured import ntk_distances, program_distances
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, width_colours

#: What is trained → words above its column, and its program.
_COLUMNS = {
    "SGD: MLP, two layers, tanh": "compiled_mlp",
    "Adam: the same MLP": "compiled_adam",
    "SGD: residual MLP, ReLU": "compiled_residual",
    "SGD: transformer": "compiled_transformer",
}
#: Marks of activations, and of what else is in the first two panels.
_MARKS = {"relu": ("o", "ReLU"), "tanh": ("s", "tanh"), "gelu": ("^", "GELU")}
_OTHERS: dict[str, dict[str, Any]] = {
    "NTK": {"marker": "x", "linestyle": "", "markeredgecolor": "0.35"},
    "GELU, SGD with momentum": {"marker": "D", "linestyle": "", "fillstyle": "none", "markeredgecolor": "0.35"},
}
#: Activations of the programs that have one.
_ACTIVATIONS = {"compiled_adam": "tanh", "compiled_residual": "relu", "compiled_transformer": "gelu"}


def tensor_program(tables: Tables) -> Figure:
    """Outputs of nets around the compiled limit, and their distances from it against width."""
    figure, panels = plt.subplots(2, len(_COLUMNS), figsize=(FULL, 4.3), height_ratios=(1, 1.1))
    for bottom in panels[1, 1:]:
        bottom.sharey(panels[1, 0])
        bottom.tick_params(labelleft=False)
    widths = tables["compiled_mlp"].values("width")
    for (words, program), (top, bottom) in zip(_COLUMNS.items(), panels.T, strict=True):
        which = {"activation": "tanh", "n_hidden": 2} if program == "compiled_mlp" else {}
        _outputs(top, tables[program].at(**which), tables[f"{program}_limit"].at(**which))
        top.set_title(words, fontsize=8)
        _distances(
            bottom, program_distances(tables, program), tables[f"{program}_limit"], _ACTIVATIONS.get(program, "tanh")
        )
        if program == "compiled_mlp":
            points(bottom, ntk_distances(tables), **_OTHERS["NTK"])
        if program == "compiled_adam":
            points(bottom, program_distances(tables, "compiled_momentum"), **_OTHERS["GELU, SGD with momentum"])
        width_axis(bottom, widths, "width n")
    log_heights(panels[1, 0])
    panels[0, 0].set_ylabel("output at one point")
    panels[1, 0].set_ylabel("distance from the limit")
    legends.below(
        figure,
        [
            *legends.widths(widths, symbol="n"),
            legends.limit("n = ∞", marker="o", markersize=3, linestyle=""),
            *(legends.line(name, marker=mark, linestyle="") for mark, name in _MARKS.values()),
            *(legends.line(name, **how) for name, how in _OTHERS.items()),
            legends.guide("slope −1/2"),
            legends.line("sampling error of n = ∞", linewidth=0.8),
        ],
        ncols=6,
    )
    return figure


def _outputs(axes: Axes, nets: Table, limit: Table) -> None:
    """Draw mean and standard deviation over nets of one output, and the limit's mean."""
    rows = nets.at(index=0).nets("correct_logit")
    for width, colour in width_colours(rows.width.unique()).items():
        over = rows[rows.width == width].groupby("step").value
        mean, std = over.mean(), over.std()
        axes.fill_between(mean.index, mean - std, mean + std, color=colour, alpha=0.3, linewidth=0)
        axes.plot(mean.index, mean, color=colour)
    exact = limit.at(index=0).limit("correct_logit").groupby("step").value.mean()
    axes.plot(exact.index, exact, "o", markersize=2.5, color="black")
    axes.set_xlabel("step")


def _distances(axes: Axes, rows: pd.DataFrame, limit: Table, activation: str) -> None:
    """Draw the distances of nets from the limit, a mark an activation, with the limit's own error and the guide."""
    kinds = rows.groupby(["activation", "n_hidden"]) if "activation" in rows else [((activation, 0), rows)]
    for (phi, _), of_one in kinds:
        points(axes, of_one, marker=_MARKS[str(phi)][0], markersize=4, linestyle="")
    errors = sampling_error(limit, "correct_logit", axes=[name for name in ("activation", "n_hidden") if name in rows])
    axes.axhline(errors.mean(), color="0.35", linewidth=0.8)
    guides.power_law(axes, rows, slope=-0.5)
    axes.text(0.97, 0.95, guides.slope_text(rows), transform=axes.transAxes, fontsize=7.5, ha="right", va="top")
