"""Steps of nets against those of kernel descent."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import NAMES
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LAZY, RICH

_COLOURS = {"ntk": LAZY, "mup": RICH}
#: Kernel → its words, mark, and theory's exponent in NTP and in μP.
_KERNELS = {
    "limit": ("the infinite net's kernel", "s", {"ntk": -0.5, "mup": 0.0}),
    "own": ("the net's initial kernel", "o", {"ntk": -1.0, "mup": 0.0}),
}


def kernel_limit(tables: Tables) -> Figure:
    """Distance of steps from kernel descent, and of initial kernels from the limit's, against width."""
    table = tables["kernel_descent"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.9), width_ratios=(1.5, 1))
    for rule, colour in _COLOURS.items():
        for kernel, (_, marker, powers) in _KERNELS.items():
            rows = table.at(rule=rule, layer=kernel).nets("step_error")
            points(left, rows, color=colour, marker=marker, linestyle="")
            guides.power_law(left, rows, slope=powers[rule])
            if rule == "ntk":
                end = rows[rows.width == rows.width.max()]
                text = f"{guides.slope_text(rows)}\n(theory {'−1/2' if kernel == 'limit' else '−1'})"
                left.annotate(
                    text, (end.width.iloc[0], end.value.mean()), (8, 0), textcoords="offset points", va="center",
                    color=colour, fontsize=7.5,
                )  # fmt: skip
    rows = table.at(rule="ntk").nets("kernel_deviation")
    points(right, rows, color=LAZY, linestyle="")
    guides.power_law(right, rows, slope=-0.5)
    guides.note(right, [(f"{guides.slope_text(rows)} (theory −1/2)", LAZY)])
    for axes in (left, right):
        log_heights(axes)
        width_axis(axes, table.values("width"), "width n")
    left.set_xlim(right=max(table.values("width")) * 3.6)
    left.set(title="steps against −η K L′", ylabel="difference, relative")
    right.set(title="initial kernels", ylabel="‖K − K∞‖ / ‖K∞‖")
    of_rules = [legends.line(NAMES[rule], color=colour, linewidth=3) for rule, colour in _COLOURS.items()]
    of_kernels = [legends.line(f"K: {words}", marker=mark, linestyle="") for words, mark, _ in _KERNELS.values()]
    legends.below(figure, [*of_rules, *of_kernels, legends.guide("theory")])
    return figure
