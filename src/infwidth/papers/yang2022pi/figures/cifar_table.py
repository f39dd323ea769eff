"""Test accuracy of kernels, μ-nets and π-nets."""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import Estimate, exact, mean_over_seeds
from infwidth.analysis.table import Tables
from infwidth.papers.yang2022pi.measured import (
    ENOUGH_IMAGES,
    FINITE,
    LIMIT,
    MUP,
    NNGP,
    NTK,
    REPORTED,
    accuracies,
    n_images,
)
from infwidth.plotting.style import FULL, LAZY, PAIR

_COLOURS = {NNGP: LAZY, NTK: LAZY, MUP: PAIR[0], FINITE: PAIR[0], LIMIT: "black"}
_MARKS = {NNGP: "v", NTK: "^", MUP: "s", FINITE: "o", LIMIT: "D"}


def cifar_table(tables: Tables) -> Figure:
    """One mark a kind of net: measured here (left) and reported on CIFAR-10 (right)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.7))
    measured = {name: _estimate(100 * rows.value.to_numpy()) for name, rows in accuracies(tables).items()}
    reported = {name: exact(100 * value) for name, value in REPORTED["images"].items()}
    images = n_images(tables["images"])
    _marks(left, measured, _COLOURS)
    _marks(right, reported, dict.fromkeys(_COLOURS, "0.6"))
    left.set_ylabel("test accuracy (%)")
    left.set_title(f"measured, {images} images{', too few to test it' if images < ENOUGH_IMAGES else ''}")
    right.set_title("reported, CIFAR-10")
    return figure


def _estimate(values: np.ndarray) -> Estimate:
    """Return the mean over seeds; a kernel has one number and no chance."""
    return mean_over_seeds(values) if len(values) > 1 else exact(values[0])


def _marks(axes: Axes, of: Mapping[str, Estimate], colours: Mapping[str, str]) -> None:
    """Draw a mark with its interval for each, and its height as a number beside it."""
    for at, (name, estimate) in enumerate(of.items()):
        error = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
        axes.errorbar(
            [at], [estimate.value], error, color=colours[name], marker=_MARKS[name], markersize=6, capsize=3,
            elinewidth=1,
        )  # fmt: skip
        axes.annotate(f"{estimate.value:.1f}", (at, estimate.value), (8, 0), textcoords="offset points", va="center")
    low, high = _room(estimate.value for estimate in of.values())
    axes.set(xlim=(-0.5, len(of) - 0.2), ylim=(low, high))
    axes.set_xticks(range(len(of)), [name.replace(" ", "\n") for name in of])
    axes.grid(visible=False, axis="x")


def _room(heights: Iterable[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds these heights, with half of their range on both sides."""
    ordered = sorted(heights)
    margin = max(0.5 * (ordered[-1] - ordered[0]), 1.0)
    return ordered[0] - margin, ordered[-1] + margin
