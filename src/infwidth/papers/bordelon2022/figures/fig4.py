"""CNNs over richness and width: train losses, alignment with the task, and their distance from infinite width."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2022.measured import class_alignments, layers_of, relative_distances
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LIMIT, richness_colours


def fig4(tables: Tables) -> Figure:
    """A column a richness, with the loss above the alignment; at the right what richness and width change."""
    nets, limit = tables["cnn_networks"], tables["cnn_limit"]
    gammas = nets.values("gamma0")
    figure, panels = plt.subplots(2, len(gammas) + 1, figsize=(FULL, 3.9), squeeze=False)
    for row in panels:
        for axes in row[1:-1]:
            axes.sharey(row[0])
            axes.tick_params(labelleft=False)
    for (upper, lower), gamma0 in zip(panels[:, :-1].T, gammas, strict=True):
        of_nets, of_limit = nets.at(gamma0=gamma0), limit.at(gamma0=gamma0)
        curves(upper, of_nets.nets("train_loss"))
        exact = of_limit.limit("train_loss").groupby("step").value.mean()
        upper.plot(exact.index, exact, **LIMIT)
        curves(lower, class_alignments(of_nets.nets("kernel")))
        aligned = class_alignments(of_limit.limit("kernel")).groupby("step").value.mean()
        lower.plot(aligned.index, aligned, **LIMIT)
        upper.set_title(f"γ₀ = {gamma0:g}", fontsize=8.5)
        lower.set_xlabel("training step")
    panels[0, 0].set_ylabel("train loss")
    panels[1, 0].set_ylabel("alignment with yyᵀ")
    _final_alignment(panels[0, -1], nets.at(width=max), limit)
    _distances(panels[1, -1], nets, limit)
    colours = richness_colours(gammas)
    legends.below(
        figure,
        [
            *legends.widths(nets.values("width")),
            legends.limit("N = ∞"),
            *(
                legends.line(f"γ₀ = {gamma0:g}", color=colour, marker="o", linestyle="")
                for gamma0, colour in colours.items()
            ),
            legends.guide("slope −1/2"),
        ],
        ncols=len(nets.values("width")) + len(gammas) + 2,
        columnspacing=0.9,
    )
    return figure


def _final_alignment(axes: Axes, widest: Table, limit: Table) -> None:
    """Draw the alignment after training against the richness."""
    points(axes, class_alignments(widest.at_end().nets("kernel")), x="gamma0", linestyle="")
    exact = class_alignments(limit.at_end().limit("kernel")).groupby("gamma0").value.mean()
    axes.plot(exact.index, exact, **LIMIT, zorder=1)
    axes.set(xlabel="richness γ₀", title=f"final alignment, N = {widest.values('width')[0]}")
    axes.title.set_fontsize(8)


def _distances(axes: Axes, nets: Table, limit: Table) -> None:
    """Draw the distance of the last layer's final kernel from the limit against the width."""
    for gamma0, colour in richness_colours(nets.values("gamma0")).items():
        of_nets = nets.at(gamma0=gamma0)
        rows = relative_distances(of_nets, limit.at(gamma0=gamma0), "kernel", layers_of(nets)[-1])
        points(axes, rows, color=colour, linestyle="")
        guides.power_law(axes, rows, slope=-0.5)
    log_heights(axes)
    width_axis(axes, nets.values("width"))
    axes.set_title("distance from N = ∞", fontsize=8)
