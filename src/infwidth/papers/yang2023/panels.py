"""What the figures on learning rates share."""

from collections.abc import Mapping

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.claims import CHANCE
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, GUIDE, depth_colours
from infwidth.topics.lr_transfer import panels


def rates(tables: Tables, names: Mapping[str, str]) -> Figure:
    """Draw final loss against learning rate, a panel for each parametrization, a colour for each depth."""
    figure, row = plt.subplots(1, len(names), figsize=(FULL, 2.7), sharey=True)
    for axes, (name, title) in zip(row, names.items(), strict=True):
        table = tables[name]
        panels.sweep(
            axes, table, symbol="L", palette=depth_colours, metric="final_loss", axis="n_blocks", chance=CHANCE
        )
        axes.axhline(CHANCE, **GUIDE)
        moves = panels.moves(table, metric="final_loss", axis="n_blocks", chance=CHANCE)
        axes.set_title(f"{title}\nlog₂ η*: {moves}")
    for axes in row:
        log_heights(axes)
    row[0].set_ylabel("final train loss")
    depths = tables[next(iter(names))].values("n_blocks")
    legends.below(figure, [*legends.depths(depths), legends.guide("chance, log 10")])
    return figure
