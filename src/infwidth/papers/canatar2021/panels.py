"""Colours of an ordered parameter: noise, ridge, bandwidth."""

from collections.abc import Iterable
from typing import Any

import seaborn as sns


def ordered_colours(values: Iterable[float]) -> dict[float, Any]:
    """Return a colour for each value, light for the smallest and dark for the largest."""
    known = sorted(set(values))
    return dict(zip(known, sns.color_palette("flare", len(known)), strict=True))
