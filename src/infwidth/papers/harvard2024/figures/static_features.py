"""What moves in the NTK parametrization and what in μP, and how much initial kernels differ."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LABELS, LAZY, RICH

_COLOURS = {"ntk": LAZY, "mup": RICH}
#: Metric → its layer, title, label and theory's exponents.
_PANELS = {
    "entry_change": ("h2", "hidden weights", "rms ΔW / rms W₀", {"ntk": -1.0, "mup": -0.5}),
    "relative_change": ("h2", "last hidden layer", "‖Δh₂‖ / ‖h₂‖", {"ntk": -0.5, "mup": 0.0}),
    "kernel_deviation": ("", "initial kernels", "‖K − K∞‖ / ‖K∞‖", {"ntk": -0.5}),
}
_FRACTIONS = {-1.0: "−1", -0.5: "−1/2", 0.0: "0"}


def static_features(tables: Tables) -> Figure:
    """Changes of weights and of features, and distances of initial kernels from the limit's, against width."""
    table = tables["kernel_descent"]
    figure, row = plt.subplots(1, len(_PANELS), figsize=(FULL, 2.8))
    for axes, (metric, (layer, title, label, powers)) in zip(row, _PANELS.items(), strict=True):
        notes = []
        for rule, power in powers.items():
            rows = table.at(rule=rule, layer=layer).nets(metric)
            points(axes, rows, color=_COLOURS[rule], linestyle="")
            guides.power_law(axes, rows, slope=power)
            notes.append((f"{guides.slope_text(rows)} (theory {_FRACTIONS[power]})", _COLOURS[rule]))
        log_heights(axes)
        width_axis(axes, table.values("width"))
        guides.note(axes, notes, corner="lower left")
        low, high = axes.get_ylim()
        axes.set(title=title, ylabel=label, ylim=(low * (low / high) ** 0.3, high))
    of_rules = [legends.line(LABELS[rule], color=c, marker="o", linestyle="") for rule, c in _COLOURS.items()]
    legends.below(figure, [*of_rules, legends.guide("theory")])
    return figure
