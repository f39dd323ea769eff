"""Loss of vision transformers against the learning rate of Adam, over widths and depths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023depth.measured import CHANCE, LOSS
from infwidth.papers.bordelon2023depth.panels import relative_rates
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, LAZY, RICH
from infwidth.topics.lr_transfer.sheets import over_rates

_SP = {"color": "0.35", "marker": "v"}
_MUP = {"color": LAZY, "marker": "s"}
_SCALED = {"color": RICH, "marker": "o"}
_COUNTED = {"color": "0.6", "linestyle": DASHED, "linewidth": 1.0, "zorder": 1}
#: What grows → how it is called, the tables with their titles and lines, and the power that counting expects of the
#: first.
_ROWS = {
    "width": ("width", (("vit_sp_widths", "SP", _SP), ("vit_mup_widths", "μP", _MUP)), -1.0),
    "n_blocks": ("depth", (("vit_mup_depths", "SP or μP", _MUP), ("vit_scaled_depths", "μP with 1/√L", _SCALED)), -0.5),
}


def vit_adam(tables: Tables) -> Figure:
    """Draw sweeps over widths (top) and depths (bottom), and how the best rates move."""
    tables = {name: _by_branches(tables[name]) for _, drawn, _ in _ROWS.values() for name, _, _ in drawn}
    figure, rows = plt.subplots(2, 3, figsize=(FULL, 5.0))
    for (*sweeps, best), (axis, (noun, drawn, power)) in zip(rows, _ROWS.items(), strict=True):
        titles = [(tables[name], f"{title}, growing {noun}") for name, title, _ in drawn]
        over_rates(sweeps, titles, metric=LOSS, chance=CHANCE, axis=axis)
        relative_rates(best, ((tables[name], axis, line) for name, _, line in drawn), over=noun, lowest=2.0**-5)
        best.plot([1, 8], [1, 8**power], **_COUNTED)
    handles = [
        *legends.widths(tables["vit_mup_widths"].values("width")),
        *legends.depths(tables["vit_scaled_depths"].values("n_blocks")),
        *(legends.line(word, **line) for word, line in (("SP", _SP), ("μP", _MUP), ("μP with 1/√L", _SCALED))),
        legends.line("1/N, L^(−1/2)", **_COUNTED),
    ]
    legends.below(figure, handles, ncols=4)
    return figure


def _by_branches(table: Table) -> Table:
    """Return the table with the number L of residual branches, two a block, as the depth."""
    if "n_blocks" not in table.frame:
        return table
    return Table(table.frame.assign(n_blocks=2 * table.frame.n_blocks), table.name)
