"""The verdicts on the named parametrizations at any depth."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import NAMES
from infwidth.plotting.style import FULL
from infwidth.plotting.tables import text_table
from infwidth.plotting.text import fraction
from infwidth.topics.dichotomy.measures import layer_exponents, named_points
from infwidth.topics.dichotomy.panels import VERDICT_FILLS


def table_abc(tables: Tables) -> Figure:
    """Rows: parametrizations with their exponents; a coloured cell a depth, with r in it."""
    depths_table = tables["depths"]
    points = named_points(depths_table)
    depths = sorted({n_hidden for _, n_hidden in points})
    cells = [["", "a", "b", "c", *(f"L = {depth}" for depth in depths)]]
    fills = {}
    for row, (rule, name) in enumerate(NAMES.items(), start=1):
        # Of the hidden matrices, which all have the same exponents, one is shown.
        abc = layer_exponents(depths_table, rule, 2)
        triples = [", ".join(map(fraction, abc[letter])) for letter in ("a", "b")]
        verdicts = []
        for column, depth in enumerate(depths, start=4):
            point = points[rule, depth]
            verdicts.append(f"{point.verdict}\nr = {fraction(point.r)}")
            fills[row, column] = VERDICT_FILLS[point.verdict]
        cells.append([name, *triples, fraction(abc["c"][0]), *verdicts])
    figure, axes = plt.subplots(figsize=(FULL, 2.9))
    text_table(
        axes, cells, widths=(1.0, 0.95, 1.0, 0.35, *[1.25] * len(depths)), fills=fills, rules_after=(0, len(NAMES)),
        fontsize=7.5,
    )  # fmt: skip
    return figure
