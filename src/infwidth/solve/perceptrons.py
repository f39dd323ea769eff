"""What the computations with perceptrons in the NTK parametrization share: their block, and when they are measured."""

from typing import Literal

import numpy as np

from infwidth.specs.block import Count, Depth, Nets, NotNegative, Positive, Width
from infwidth.specs.cells import Computation

#: Weights of one hidden layer of all nets side by side: a megabyte.
_CACHED = 2**18


class Perceptrons(Computation):
    """``n_seeds`` nets h = σ_w W a/√fan-in + σ_b b with all of W, b drawn from N(0, 1) and trained at rate ``lr``.

    By ``steps`` steps of full-batch gradient descent on ½ the mean over examples of (f − y)²; one output.
    """

    n_hidden: Depth
    width: Width
    activation: Literal["relu", "tanh", "erf"]
    sigma_w: Positive
    sigma_b: NotNegative
    lr: Positive
    steps: Count
    n_seeds: Nets


def parts(spec: Perceptrons) -> list[np.ndarray]:
    """Return the seeds in parts that are trained side by side: as many nets as their weights fit the cache."""
    side_by_side = max(1, _CACHED // spec.width**2)
    return np.array_split(np.arange(spec.n_seeds), -(-spec.n_seeds // side_by_side))


def measured_steps(steps: int, n: int) -> list[int]:
    """Return 0, ``steps`` and up to ``n`` steps between them, denser at the start."""
    return sorted({round(steps * (k / n) ** 2) for k in range(n + 1)})


def rms(x: np.ndarray) -> np.ndarray:
    """Return the root mean square over the last axis."""
    mean: np.ndarray = np.sqrt((x**2).mean(axis=-1))
    return mean
