"""Train loss of transformers during training over widths: in μP, and in SP at a small and a large rate."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.sweeps import LOSS, base_rate, of_rates, slopes_in_time
from infwidth.plotting import legends
from infwidth.plotting.lines import curve, curves
from infwidth.plotting.style import FULL, GUIDE, LABELS

#: Rule, and its rate in units of the best rate of the base width.
_PANELS = (("mup", 1.0), ("sp", 0.25), ("sp", 1.0))


def fig7(tables: Tables) -> Figure:
    """Losses against steps (top) and their change per doubling of the width (bottom)."""
    table = tables["transformer_rates"]
    best = base_rate(table)
    figure, (top, bottom) = plt.subplots(2, len(_PANELS), figsize=(FULL, 4.0), sharex=True, sharey="row",
                                         height_ratios=(3, 2))  # fmt: skip
    for upper, lower, (rule, factor) in zip(top, bottom, _PANELS, strict=True):
        if factor * best not in table.values("lr"):
            continue
        curves(upper, of_rates(table.at(rule=rule, lr=factor * best)).nets(LOSS))
        upper.set_title(f"{LABELS[rule]}, η = {factor * best:.3g}")
        curve(lower, slopes_in_time(table, rule, factor * best), color="0.3")
        lower.axhline(0, **GUIDE)
        lower.set_xlabel("training step")
    top[0].set(ylim=(0, None), ylabel="train loss (nats)")
    bottom[0].set_ylabel("change per\ndoubling of N")
    legends.below(figure, legends.widths(table.values("width")))
    return figure
