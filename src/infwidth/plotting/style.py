"""What a colour, a line and a black curve mean, everywhere in this repository.

Width is a sequential palette that survives grey print and colour blindness (light: narrow, dark: wide); the
parametrization is a line style; the infinite-width limit is black.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np

STYLE_FILE = Path(__file__).with_name("infwidth.mplstyle")

#: Dashes, and the dots of guides and marks that are no measurement.
DASHED: Any = (0, (4, 1.5))
DOTTED: Any = (0, (1, 1.5))

#: Two things to tell apart that are neither widths nor parametrizations.
BLUE, ORANGE = "#3b6fb6", "#c9762b"

#: Line style by parametrization.
LINE_STYLES: dict[str, Any] = {
    "mup": "-",
    "ntk": DASHED,
    "mf": "-.",
    "sp": ":",
    "sp_lr": (0, (1, 1)),
    "stp": "-",
}

#: How parametrizations are written.
LABELS = {"mup": "μP", "ntk": "NTK", "mf": "mean field", "sp": "SP", "sp_lr": "SP, rate 1/n", "stp": "STP"}

#: The infinite-width limit.
LIMIT: dict[str, Any] = {"color": "black", "linewidth": 1.2}


@contextmanager
def style() -> Iterator[None]:
    """Apply the style sheet, on a canvas that needs no display."""
    with mpl.rc_context():
        mpl.use("Agg")
        mpl.style.use(STYLE_FILE)
        yield


def width_colours(widths: Sequence[int]) -> dict[int, tuple[float, float, float, float]]:
    """Return one colour a width, light to dark."""
    palette = mpl.colormaps["viridis_r"]
    ordered = sorted(set(widths))
    return {w: palette(0.12 + 0.83 * i / max(len(ordered) - 1, 1)) for i, w in enumerate(ordered)}


def depth_colours(depths: Sequence[int]) -> dict[int, tuple[float, float, float, float]]:
    """Return one colour a depth, light (shallow) to dark (deep), in another palette than the widths."""
    palette = mpl.colormaps["YlOrRd"]
    ordered = sorted(set(depths))
    return {d: palette(0.35 + 0.65 * i / max(len(ordered) - 1, 1)) for i, d in enumerate(ordered)}


def richness_colour(richness: str | float) -> tuple[float, float, float, float]:
    """Return the colour of a richness r, a number or such as "1/4": lazy (0) purple, rich (1/2) amber.

    The scale goes on a little beyond both ends, for parametrizations that are not stable.
    """
    place = np.interp(float(Fraction(richness)), (-0.25, 0.0, 0.5, 0.75), (0.0, 0.1, 0.82, 0.95))
    return mpl.colormaps["plasma"](float(place))
