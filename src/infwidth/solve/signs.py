"""The ±1 examples of the computations with small nets."""

import numpy as np

from infwidth.seeding import numpy_stream


def signs(name: str, *shape: int) -> np.ndarray:
    """Draw ±1, the same for all cells of one name and shape."""
    return numpy_stream("order", name).choice([-1.0, 1.0], shape)
