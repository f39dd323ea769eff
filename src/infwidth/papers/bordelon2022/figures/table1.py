"""What it costs to train a net and to solve its infinite-width limit: exponents of counted operations and memory."""

import math

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2022.measured import cost_exponents
from infwidth.plotting.style import FULL
from infwidth.plotting.tables import text_table
from infwidth.plotting.text import number

#: Table → words, the symbol of its size, and the paper's orders of time and memory.
_ROWS = {
    "costs": ("net of width N", "N", "P T N²", "N²"),
    "alternating_costs": ("DMFT, alternating\n(M samples, a sweep)", "M", "P³ T³", "P² T²"),
    "program_costs": ("tensor program\n(M neurons)", "M", "–", "–"),
}
_SIZES = ("size", "examples", "steps")


def table1(tables: Tables) -> Figure:
    """A row a solver: measured exponents in its size, in P and in T, beside what the paper says."""
    headings = ["", "operations", "of the paper", "memory", "of the paper", "operations\nat most", "MiB\nat most"]
    cells = [headings]
    for name, (words, symbol, time, memory) in _ROWS.items():
        found = cost_exponents(tables[name]).set_index(["metric", "layer"]).value
        powers = [
            "  ".join(
                f"{letter}$^{{{number(found[metric, size])}}}$"
                for letter, size in zip((symbol, "P", "T"), _SIZES, strict=True)
            )
            for metric in ("operations", "peak")
        ]
        largest = tables[name].limit("operations", "peak").groupby("metric").value.max()
        cells.append(
            [
                words,
                powers[0],
                time,
                powers[1],
                memory,
                _scientific(largest["operations"]),
                f"{largest['peak'] / 2**20:.0f}",
            ]
        )
    figure, axes = plt.subplots(figsize=(FULL, 1.9))
    text_table(axes, cells, widths=(1.7, 1.8, 1.0, 1.8, 1.0, 1.0, 0.8), fills={}, rules_after=(0,))
    return figure


def _scientific(value: float) -> str:
    decade = math.floor(math.log10(value))
    return f"{value / 10**decade:.1f}·10$^{{{decade}}}$"
