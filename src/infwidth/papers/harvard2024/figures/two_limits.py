"""MLPs beside both of their exact limits."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import LIMITS, distances_from_limits, of_rule
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, LABELS, LAZY, LIMIT, RICH

_COLOURS = {"ntk": LAZY, "mup": RICH}
_WORDS = {"ntk": "NTK and kernel descent", "mup": "μP and its infinite net"}


def two_limits(tables: Tables) -> Figure:
    """One logit over training for all widths with either limit in black, and the distances against width."""
    nets = tables["two_limits"]
    widths = nets.values("width")
    figure, (*sides, right) = plt.subplots(1, 3, figsize=(FULL, 3.0))
    for axes, (rule, limit) in zip(sides, LIMITS.items(), strict=True):
        curves(axes, nets.at(rule=rule, index=0).nets("correct_logit"))
        exact = tables[limit].at(index=0).limit("correct_logit")
        axes.plot(exact.step, exact.value, **LIMIT | {"linewidth": 1.8})
        axes.set(title=_WORDS[rule], xlabel="training step")
    span = min(axes.get_ylim()[0] for axes in sides), max(axes.get_ylim()[1] for axes in sides)
    for axes in sides:
        axes.set_ylim(span)
    sides[0].set_ylabel("y f at one held-out image")
    distances = distances_from_limits(tables)
    notes = []
    for rule, colour in _COLOURS.items():
        rows = of_rule(distances, rule)
        points(right, rows, color=colour, linestyle=DASHED if rule == "ntk" else "-")
        guides.power_law(right, rows, slope=-0.5)
        notes.append((f"{LABELS[rule]}: {guides.slope_text(rows)}", colour))
    guides.note(right, notes)
    log_heights(right)
    width_axis(right, widths)
    right.set(title="distance from the limit", ylabel="relative distance of single nets")
    handles = [*legends.widths(widths), legends.limit("N → ∞", linewidth=1.8), legends.guide("$N^{-1/2}$")]
    legends.below(figure, handles, ncols=8)
    return figure
