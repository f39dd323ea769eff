"""Train loss of tanh MLPs against the learning rate over widths, with cross-entropy and with squared error."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.measured import Loss
from infwidth.papers.yang2022.mlp_panels import mlp_sweep, share_heights
from infwidth.plotting import legends
from infwidth.plotting.style import FULL, LABELS

_LOSSES: dict[str, tuple[Loss, str]] = {"xent": ("cross_entropy", "cross-entropy"), "mse": ("mse", "squared error")}


def fig9(tables: Tables) -> Figure:
    """Left pair: cross-entropy in SP and μP; right pair: squared error."""
    figure, panels = plt.subplots(1, 4, figsize=(FULL, 2.9))
    for pair, (short, (loss, words)) in zip((panels[:2], panels[2:]), _LOSSES.items(), strict=True):
        optima = [
            mlp_sweep(axes, tables[f"tanh_{short}"].at(rule=rule), title=f"{words}, {LABELS[rule]}", loss=loss)
            for axes, rule in zip(pair, ("sp", "mup"), strict=True)
        ]
        share_heights(list(pair), optima, loss)
        pair[1].set_yticklabels([])
    panels[0].set_ylabel("train loss of the last epoch")
    legends.below(figure, legends.widths(tables["tanh_xent"].values("width"), symbol="n"))
    return figure
