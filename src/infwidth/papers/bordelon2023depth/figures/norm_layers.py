"""Loss against learning rate over depths, with norm layers, with and without branches divided by √L."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.lr_optimum import optimum_table
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023depth.measured import CHANCE, LOSS
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, GUIDE, LAZY, RICH
from infwidth.topics.lr_transfer import panels
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
        for table, line in ((scaled, _SCALED), (alone, _ALONE), *((table, line | _BARE) for table, line in bare)):
            optima = optimum_table(table, axis="n_blocks", metric=LOSS, chance=CHANCE)
            panels.best_rates(best, optima, axis="n_blocks", relative=True, **line)
        best.axhline(1, **GUIDE)
        best.set(xlim=(0.8, 10), ylim=(2.0**-5, 4), xlabel="depth / first", title="best rate / first\n ")
        best.set_xscale("log", base=2)
        best.set_yscale("log", base=2)
    handles = [
        *legends.depths(tables["scaled_depths"].values("n_blocks")),
        legends.line("1/√L", **_SCALED),
        legends.line("not divided", **_ALONE),
        legends.line("without norm layers", linestyle=DASHED),
    ]
    legends.below(figure, handles)
    return figure
