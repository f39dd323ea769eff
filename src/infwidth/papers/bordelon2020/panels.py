"""Colours of degrees, and of ridges."""

from collections.abc import Iterable
from typing import Any

import seaborn as sns

#: Of the degrees 0 to 3 of harmonics.
DEGREES = ("#7f7f7f", "#4c72b0", "#55a868", "#c44e52")


def ordered_colours(values: Iterable[float]) -> dict[float, Any]:
    """Return a colour for each value, light for the smallest and dark for the largest."""
    known = sorted(set(values))
    return dict(zip(known, sns.color_palette("flare", len(known)), strict=True))
