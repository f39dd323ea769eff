"""When to evaluate: few steps, spaced evenly in log time, the first and the last among them."""

import numpy as np


def evaluation_steps(steps: int, count: int) -> list[int]:
    """Return step 0 and about ``count − 1`` log-spaced steps up to and including ``steps``, sorted and distinct."""
    return sorted({0, *np.geomspace(1, steps, count - 1).round().astype(int).tolist(), steps})
