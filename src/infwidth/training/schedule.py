"""When to evaluate: few steps, spaced evenly in log time or in time, the first and the last among them."""

from typing import Literal

import numpy as np

Spacing = Literal["log", "linear"]


def evaluation_steps(steps: int, count: int, spacing: Spacing = "log") -> list[int]:
    """Return step 0 and about ``count − 1`` steps up to and including ``steps``, sorted and distinct.

    They are evenly spaced in the logarithm from step 1, or "linear": in the step itself from step 0.
    """
    spaced = np.geomspace(1, steps, count - 1) if spacing == "log" else np.linspace(0, steps, count)
    return sorted({0, *spaced.round().astype(int).tolist(), steps})
