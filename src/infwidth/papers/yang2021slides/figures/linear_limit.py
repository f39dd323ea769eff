"""The linear net at infinite width beside finite ones."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.statistics import rms_exponent
from infwidth.analysis.table import Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, width_colours

#: Which nets deviate from the limit → words, and how the mark is filled.
_DEVIATIONS = {
    "trained_deviation": ("trained", "full"),
    "sampled_deviation": ("drawn from the infinite net", "none"),
}


def linear_limit(tables: Tables) -> Figure:
    """Trajectories of finite nets around the limit, and their distance from it against width."""
    table = tables["linear_limit"]
    widths = table.values("width")
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1), width_ratios=(1.35, 1))
    for width, colour in width_colours(widths).items():
        of_width = table.at(width=width)
        mean, std = (of_width.ensemble(m).set_index("step").value for m in ("output_mean", "output_std"))
        left.fill_between(mean.index, mean - std, mean + std, color=colour, alpha=0.3, linewidth=0)
        left.plot(mean.index, mean, color=colour)
    limit = table.at(width=max).limit("limit_output")
    left.plot(limit.step, limit.value, "o", markersize=2.5, color="black")
    left.set(xlabel="step", ylabel="output at a fixed input")
    words = []
    for metric, (name, fill) in _DEVIATIONS.items():
        rows = table.nets(metric)
        points(right, rows, linestyle="", fillstyle=fill, markeredgecolor="0.35")
        guides.power_law(right, rows, slope=-0.5)
        slope = guides.slope_text(rows, of=rms_exponent)
        words.append(legends.line(f"{name}\n{slope}", marker="o", linestyle="", fillstyle=fill))
    log_heights(right)
    width_axis(right, widths, "width n")
    right.set(ylabel="rms of $f_n - f_∞$ after training")
    legends.inside(right, words, "lower left")
    legends.below(
        figure,
        [
            *legends.widths(widths, symbol="n"),
            legends.limit("n = ∞", marker="o", markersize=3, linestyle=""),
            legends.guide("slope −1/2"),
        ],
    )
    return figure
