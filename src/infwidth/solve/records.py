"""What the rows of a limit are made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from infwidth.seeding import numpy_stream

Limit = Mapping[str, Any]
Record = tuple[str, str, int, float]  # metric, layer, index, value


def signs(name: str, *shape: int) -> np.ndarray:
    """Draw ±1, the same for all cells of one name and shape."""
    return numpy_stream("order", name).choice([-1.0, 1.0], shape)
