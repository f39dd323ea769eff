"""Loss against the block multiplier over depths, at one learning rate."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023 import measured, panels
from infwidth.plotting import legends
from infwidth.plotting.style import FULL


def fig13(tables: Tables) -> Figure:
    """Draw the losses in Depth-μP (left), and of the same nets as they lie in the standard parametrization (right)."""
    grid = tables["multipliers"]
    figure, axes = plt.subplots(1, 2, figsize=(FULL, 2.9))
    sweeps = [
        (measured.over_multipliers(grid), "Depth-μP (1/2, 1/2)"),
        (measured.over_multipliers(measured.in_standard(grid)), "standard (0, 0)"),
    ]
    panels.over_rates(list(axes), sweeps)
    for panel in axes:
        panel.set_xlabel("block multiplier a")
    legends.below(figure, legends.depths(grid.values("n_blocks")))
    return figure
