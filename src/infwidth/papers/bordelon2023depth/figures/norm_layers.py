"""Loss against learning rate over depths, with norm layers, with and without branches divided by √L."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023depth.measured import CHANCE, LOSS
from infwidth.papers.bordelon2023depth.panels import relative_rates
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, LAZY, RICH
from infwidth.topics.lr_transfer.sheets import over_rates

_SCALED = {"color": RICH, "marker": "o"}
_ALONE = {"color": LAZY, "marker": "s"}
_BARE = {"linestyle": DASHED}


def norm_layers(tables: Tables) -> Figure:
    """Draw sweeps with a layer norm (top) and a batch norm (bottom), and how the best rates move."""
    figure, rows = plt.subplots(2, 3, figsize=(FULL, 5.0))
    for (*sweeps, best), norm in zip(rows, ("layer", "batch"), strict=True):
        scaled, alone = tables[f"{norm}_norm_scaled"], tables[f"{norm}_norm_alone"]
        titles = [(scaled, f"{norm} norm and 1/√L"), (alone, f"{norm} norm alone")]
        over_rates(sweeps, titles, metric=LOSS, chance=CHANCE)
        bare = ((tables["scaled_depths"], _SCALED), (tables["mup_depths"], _ALONE))
        lines = ((scaled, _SCALED), (alone, _ALONE), *((table, line | _BARE) for table, line in bare))
        relative_rates(best, ((table, "n_blocks", line) for table, line in lines), over="depth", lowest=2.0**-5)
    handles = [
        *legends.depths(tables["scaled_depths"].values("n_blocks")),
        legends.line("1/√L", **_SCALED),
        legends.line("not divided", **_ALONE),
        legends.line("without norm layers", linestyle=DASHED),
    ]
    legends.below(figure, handles)
    return figure
