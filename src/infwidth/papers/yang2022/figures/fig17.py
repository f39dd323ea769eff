"""Four hyperparameters of post-LN transformers over widths in μP."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.panels import setting
from infwidth.plotting import legends
from infwidth.plotting.style import FULL


def fig17(tables: Tables) -> Figure:
    """Final losses against rate, multipliers and scale of initial weights, a colour a width."""
    rates, others = tables["transformer_rates"].at(rule="mup"), tables["transformer_settings"]
    figure, (first, *rest) = plt.subplots(1, 4, figsize=(FULL, 2.6), sharey=True)
    setting(first, rates, "lr")
    for axes, name in zip(rest, ("output_multiplier", "attention_multiplier", "init_scale"), strict=True):
        setting(axes, others, name)
    first.set_ylim(0, None)
    first.set_ylabel("final train loss (nats)")
    legends.below(figure, legends.widths(rates.values("width")))
    return figure
