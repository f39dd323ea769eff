"""The named abc-parametrizations, with what is chosen and what follows from it."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021.measured import NAMED
from infwidth.plotting.style import FULL
from infwidth.plotting.tables import text_table
from infwidth.plotting.text import fraction
from infwidth.topics.dichotomy.measures import layer_exponents, named_points
from infwidth.topics.dichotomy.panels import VERDICT_FILLS


def table1(tables: Tables) -> Figure:
    """The named parametrizations as columns; what is chosen above the line, what follows from it below."""
    points = named_points(tables["named"])
    columns, fills = [], {}
    for column, (rule, (name, n_hidden)) in enumerate(NAMED.items(), start=1):
        point = points[rule, n_hidden]
        abc = layer_exponents(tables["named"], rule, n_hidden)
        columns.append(
            [
                name,
                *(", ".join(map(fraction, abc[letter])) for letter in ("a", "b")),
                fraction(abc["c"][0]),
                fraction(point.r),
                fraction(point.v),
                fraction(point.s + point.r),
                "yes" if point.stable else "no",
                "–" if not point.stable else "yes" if point.nontrivial else "no",
                point.verdict,
            ]
        )
        fills[9, column] = VERDICT_FILLS[point.verdict]
    headings = ["", "a", "b", "c", "r", "2a + c of readout", "a + b + r of readout", "stable", "nontrivial", "limit"]
    figure, axes = plt.subplots(figsize=(FULL, 3.2))
    cells = list(zip(headings, *columns, strict=True))
    text_table(axes, cells, widths=(1.5, 1.2, 1.2, 1.2, 1.2, 1.2), fills=fills, rules_after=(0, 3, 9))
    return figure
