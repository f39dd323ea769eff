"""How far weights move."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.geiger2020.measured import displacement, lazy, rich
from infwidth.papers.geiger2020.panels import against, slopes
from infwidth.plotting import legends
from infwidth.plotting.style import FULL


def weights(tables: Tables) -> Figure:
    """Displacements against α and against √h α."""
    rows = displacement(tables["flow_widths"])
    figure, (raw, scaled) = plt.subplots(1, 2, figsize=(FULL, 2.9))
    against(raw, rows, "alpha", heights="√h ‖W − W₀‖ / ‖W₀‖")
    against(scaled, rows, "scaled")
    slopes(scaled, rows, (rich(rows), -0.23), (lazy(rows), -1))
    guide = legends.guide("slopes −0.23 and −1")
    legends.below(figure, [*legends.widths(rows.width, symbol="h"), guide])
    return figure
