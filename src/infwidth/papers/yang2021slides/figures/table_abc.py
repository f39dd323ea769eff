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
    """Rows: parametrizations with their exponents; a coloured cell a depth, with r in it; whether depth matters."""
    depths_table = tables["depths"]
    points = named_points(depths_table)
    depths = sorted({n_hidden for _, n_hidden in points})
    cells = [["", "a", "b", "c", *(f"L = {depth}" for depth in depths), "any depth"]]
    fills = {}
    for row, (rule, name) in enumerate(NAMES.items(), start=1):
        # Of the hidden matrices, which all have the same exponents, one is shown.
        abc = layer_exponents(depths_table, rule, 2)
        triples = [", ".join(map(fraction, abc[letter])) for letter in ("a", "b")]
        verdicts = []
        for column, depth in enumerate(depths, start=4):
            point = points[rule, depth]
            verdicts.append("activations\nvanish" if point.vanishes else f"{point.verdict}\nr = {fraction(point.r)}")
            fills[row, column] = VERDICT_FILLS[point.verdict]
        same = len({points[rule, depth].fate for depth in depths}) == 1
        cells.append([name, *triples, fraction(abc["c"][0]), *verdicts, "✓" if same else "✗"])
    figure, axes = plt.subplots(figsize=(FULL, 3.2))
    text_table(
        axes,
        cells,
        widths=(1.5, 0.95, 1.0, 0.35, *[1.2] * len(depths), 0.7),
        fills=fills,
        rules_after=(0, len(NAMES) - 1, len(NAMES)),
        fontsize=7.5,
    )
    return figure
