"""What a colour, a line and a canvas mean, everywhere in this repository; seaborn's paper context is the base.

Width is a colour on a sequential palette over log₂ N, the same in all figures (light and yellow: narrow, dark and
violet: wide); black is the limit and the limit only. A parametrization is a line style. The regime runs from rose
(lazy, kernels) to amber (rich, feature learning). Signed maps are blue below zero, white at zero, red above.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
import seaborn as sns

Colour = tuple[float, float, float]
Value = TypeVar("Value", int, float)

#: Widths of a canvas in inches: that of a text block, and half of it. There are no others, so that letters print alike.
FULL, HALF = 7.2, 3.5

#: Dashes, and the dots of guides and marks that are no measurement.
DASHED: Any = (0, (4, 1.5))
DOTTED: Any = (0, (1, 1.5))

#: Line style by parametrization.
LINE_STYLES: dict[str, Any] = {"mup": "-", "ntk": DASHED, "mf": "-.", "sp": ":", "sp_lr": (0, (1, 1)), "stp": "-"}

#: How parametrizations are written.
LABELS = {"mup": "μP", "ntk": "NTK", "mf": "mean field", "sp": "SP", "sp_lr": "SP, rate 1/n", "stp": "STP"}

#: The infinite-width limit.
LIMIT: dict[str, Any] = {"color": "black", "linewidth": 1.1}

#: Guides: theory's slopes, chance, references.
GUIDE: dict[str, Any] = {"color": "0.45", "linewidth": 0.9, "linestyle": DOTTED}

#: Lazy training and the kernels that describe it; rich training, which learns features.
LAZY, RICH = "#a8386f", "#e39a1b"

#: Two things to tell apart that are neither widths nor regimes.
PAIR = ("#4c72b0", "#c44e52")

#: For signed maps, centred at zero.
DIVERGING = "vlag"

_WIDTHS = ("#c9b92b", "#52b35b", "#1299ac", "#3470cf", "#4b3bb4", "#7a2f9c")
_DEPTHS = ("#d3a876", "#9c5a24", "#452414")
_REGIMES = ("#6d2d56", LAZY, "#cf6250", RICH, "#a87a00")
#: log₂ of the narrowest and of the widest net, log₂ of the depths, and the richnesses of the colours above.
_WIDTH_RANGE, _DEPTH_RANGE, _RICHNESSES = (3.0, 12.0), (1.0, 6.0), (-0.25, 0.0, 0.25, 0.5, 0.75)

_RC: dict[str, Any] = {
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 160,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": "0.25",
    "axes.labelcolor": "0.1",
    "grid.color": "0.92",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.title_fontsize": 7.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.bottom": True,
    "ytick.left": True,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "svg.hashsalt": "infwidth",
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the style, on a canvas that needs no display."""
    with mpl.rc_context():
        mpl.use("Agg")
        sns.set_theme(context="paper", style="whitegrid", rc=_RC)
        yield


def width_colours(widths: Iterable[float]) -> dict[int, Colour]:
    """Return the colour of every width, which it has in all figures."""
    return {int(width): _colour(_WIDTHS, np.log2(width), _WIDTH_RANGE) for width in sorted(set(widths))}


def depth_colours(depths: Iterable[float]) -> dict[int, Colour]:
    """Return the colour of every depth, light (shallow) to dark (deep) browns, the same in all figures."""
    return {int(depth): _colour(_DEPTHS, np.log2(depth), _DEPTH_RANGE) for depth in sorted(set(depths))}


def richness_colour(richness: str | float) -> Colour:
    """Return the colour of a richness r, a number or such as "1/4": lazy (0) rose, rich (1/2) amber.

    The scale goes on a little beyond both ends, for parametrizations that are not stable.
    """
    place = np.interp(float(Fraction(richness)), _RICHNESSES, range(len(_RICHNESSES)))
    return _colour(_REGIMES, float(place), (0.0, len(_REGIMES) - 1.0))


def richness_colours(gammas: Sequence[float]) -> dict[float, Colour]:
    """Return the colour of each richness γ0 of a figure, from lazy (rose) to rich (amber)."""
    ends = np.linspace(0, 0.6, len(gammas)) if len(gammas) > 1 else [0.5]
    return {gamma0: richness_colour(float(at)) for gamma0, at in zip(gammas, ends, strict=True)}


def ordered_colours(values: Iterable[Value]) -> dict[Value, Colour]:
    """Return a colour for each value of a parameter (noise, ridge, steps, …), light for the smallest."""
    known = sorted(set(values))
    return dict(zip(known, sns.color_palette("flare", len(known)), strict=True))


def _colour(stops: tuple[str, ...], at: float, ends: tuple[float, float]) -> Colour:
    """Return the colour at a place between two ends, the nearest end's beyond them."""
    palette = sns.blend_palette(stops, as_cmap=True)
    red, green, blue, _ = palette(float(np.clip((at - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)))
    return red, green, blue
