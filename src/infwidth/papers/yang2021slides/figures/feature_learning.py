"""What the first step moves in five parametrizations."""

from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2021slides.measured import NAMES, logits_per_feature
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL

_RULES = {
    "sp_lr": NAMES["sp_lr"],
    "sp_half": "SP, rate $n^{-1/2}$",
    "ntk": NAMES["ntk"],
    "sp_readout": "SP, $a_{L+1} = 1/2$",
    "mup": NAMES["mup"],
}
#: Title, label, the rows of one rule, and theory's exponent by rule.
_PANELS: tuple[tuple[str, str, Callable[[Table, str], pd.DataFrame], dict[str, float]], ...] = (
    (
        "function at init",
        "rms of $f_0$",
        lambda table, rule: table.at(rule=rule, layer="f").nets("initial_size"),
        {"sp_lr": 0.0, "sp_half": 0.0, "ntk": 0.0, "sp_readout": -0.5, "mup": -0.5},
    ),
    (
        "readout's share",
        "logits' / features' update",
        logits_per_feature,
        {"sp_lr": 0.5, "sp_half": 0.5, "ntk": 0.5, "sp_readout": 0.0, "mup": 0.0},
    ),
    (
        "last hidden layer",
        "‖Δh₂‖ / ‖h₂‖",
        lambda table, rule: table.at(rule=rule, layer="h2").nets("relative_change"),
        {"sp_lr": -0.5, "sp_half": 0.0, "ntk": -0.5, "sp_readout": 0.0, "mup": 0.0},
    ),
    (
        "first hidden layer",
        "‖Δh₁‖ / ‖h₁‖",
        lambda table, rule: table.at(rule=rule, layer="h1").nets("relative_change"),
        {"sp_lr": -1.5, "sp_half": -1.0, "ntk": -0.5, "sp_readout": -1.0, "mup": 0.0},
    ),
)
_MARKERS = dict(zip(_RULES, "osDv^", strict=True))


def feature_learning(tables: Tables) -> Figure:
    """Initial function, logits per feature and both layers' updates against width, with theory's slopes."""
    table = tables["first_step"]
    rules = [rule for rule in _RULES if rule in table.values("rule")]
    colours = dict(zip(_RULES, sns.color_palette("colorblind", len(_RULES)), strict=True))
    figure, row = plt.subplots(1, len(_PANELS), figsize=(FULL, 2.7))
    for axes, (title, label, choose, powers) in zip(row, _PANELS, strict=True):
        for rule in rules:
            rows = choose(table, rule)
            points(axes, rows, color=colours[rule], marker=_MARKERS[rule], linestyle="", markersize=4.5)
            guides.power_law(axes, rows, slope=powers[rule])
        log_heights(axes)
        width_axis(axes, table.values("width"), "width n")
        axes.set(title=title, ylabel=label)
    of_rules = [legends.line(_RULES[r], color=colours[r], marker=_MARKERS[r], linestyle="") for r in rules]
    legends.below(figure, [*of_rules, legends.guide("theory")])
    return figure
