"""Wide networks in μP become one network: losses, logits, representations, bias and variance."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.plotting import widths
from infwidth.topics.consistency.measures import TASKS


def _panels(tables: Tables) -> dict[str, pd.DataFrame]:
    return {task: tables[experiment] for experiment, task in TASKS.items()}


def loss_curves(tables: Tables) -> Figure:
    """Test loss against steps, a panel a task."""
    figure, panels = plt.subplots(1, len(TASKS), figsize=(7.2, 2.7))
    widths.loss_curves(_panels(tables), list(panels))
    return figure


def logits(tables: Tables) -> Figure:
    """Logit of the correct answer on the first held-out point against steps: vision (left), language (right)."""
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 2.9))
    for axes, experiment in zip(panels, ("vision_online", "language"), strict=True):
        widths.curves_of_nets(axes, tables[experiment], "correct_logit", index=0)
        widths.width_legend(axes, tables[experiment].width.unique().tolist(), loc="upper left")
        axes.set_title(TASKS[experiment])
    panels[0].set_ylabel("logit of the correct answer")
    return figure


def representations(tables: Tables) -> Figure:
    """After training: preactivations and feature kernels (top, vision), preactivations and attention (bottom)."""
    figure = plt.figure(figsize=(7.2, 4.0))
    (top,), (bottom,) = figure.subfigures(2, 1, squeeze=False)
    widths.representations(top, tables["vision_online"], "kernel", task="vision")
    widths.representations(bottom, tables["language"], "attention", task="language")
    return figure


def bias_variance(tables: Tables) -> Figure:
    """Test loss of single nets and of ensembles, against steps (top) and at the end (bottom), a column a task."""
    return widths.bias_and_variance(_panels(tables))
