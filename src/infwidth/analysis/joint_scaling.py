"""A loss in width and data at once, L = E + A/N^a + B/D^b (Hoffmann et al. 2022), with a bootstrap over seeds."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

from infwidth.analysis.statistics import Estimate, student
from infwidth.analysis.table import NotTestableError
from infwidth.seeding import numpy_stream

Array = np.ndarray

#: Resamples of the bootstrap; exponents that a fit starts from.
_RESAMPLES, _STARTS = 200, (0.3, 1.0)


class JointLaw(NamedTuple):
    """E + A/N^a + B/D^b by log E, log A, a, log B, b: the form in which it is fitted."""

    log_floor: float
    log_width: float
    width_exponent: float
    log_data: float
    data_exponent: float

    def loss(self, width: Array, examples: Array) -> Array:
        """Return the loss at widths and numbers of examples, of one shape."""
        return np.asarray(np.exp(_terms(np.array(self), np.log(width), np.log(examples))).sum(0))


def _terms(θ: Array, log_n: Array, log_d: Array) -> Array:
    """Return the logs of the three terms [3, points]."""
    floor = np.full_like(log_n, θ[0], dtype=float)
    return np.stack([floor, θ[1] - θ[2] * log_n, θ[3] - θ[4] * log_d])


def fitted(width: Array, examples: Array, loss: Array, start: JointLaw | None = None) -> JointLaw:
    """Return the law with the least squares of log loss [points]; from ``start``, or the best from several starts."""
    log_n, log_d, logs = np.log(width), np.log(examples), np.log(loss)

    def off(θ: Array) -> Array:
        return np.asarray(np.logaddexp.reduce(_terms(θ, log_n, log_d)) - logs)

    def slopes(θ: Array) -> Array:
        terms = _terms(θ, log_n, log_d)
        parts = np.exp(terms - np.logaddexp.reduce(terms))
        return np.stack([parts[0], parts[1], -parts[1] * log_n, parts[2], -parts[2] * log_d], 1)

    third = logs.min() - np.log(3)
    starts = [np.array(start)] if start else [
        np.array([third, logs.max() - np.log(3) + a * log_n.min(), a, logs.max() - np.log(3) + b * log_d.min(), b])
        for a in _STARTS
        for b in _STARTS
    ]  # fmt: skip
    found = [optimize.least_squares(off, θ, slopes, method="lm", max_nfev=200) for θ in starts]
    best = min(found, key=lambda result: result.cost)
    return JointLaw(*(float(x) for x in best.x))


class Laws(NamedTuple):
    """The law of mean losses, and those of resamples of the seeds; a seed is drawn at every point at once.

    ``width``, ``examples`` and ``means`` are of the points [points]; ``resampled`` has laws and means.
    """

    law: JointLaw
    width: Array
    examples: Array
    means: Array
    resampled: list[tuple[JointLaw, Array]]
    n: int

    def estimate(self, statistic: Callable[[JointLaw, Array], float]) -> Estimate:
        """Return a statistic of a law and the means that it was fitted to, with its 95 % interval.

        Student's, of the standard deviation over resamples: percentiles of few seeds are too narrow, by √((n−1)/n) and
        by the normal's factor for Student's. Of fewer than three seeds the interval is infinite.
        """
        value = statistic(self.law, self.means)
        if self.n < 3:
            return Estimate(value, float("-inf"), float("inf"), self.n)
        spread = float(np.std([statistic(*resample) for resample in self.resampled]))
        return student(value, spread * (self.n / (self.n - 1)) ** 0.5, self.n)


def laws_of(rows: pd.DataFrame) -> Laws:
    """Return the law of the mean over seeds of ``value`` by ``width`` and ``examples``, and those of resamples.

    Raises NotTestableError of fewer than three widths or numbers of examples: two values and a floor fit any exponent,
    and the flat least squares end where rounding has them.
    """
    wide = rows.pivot_table(index=["width", "examples"], columns="seed", values="value")
    width, examples = (wide.index.get_level_values(name).to_numpy(float) for name in ("width", "examples"))
    for name, axis in (("widths", width), ("numbers of examples", examples)):
        if len(np.unique(axis)) < 3:
            raise NotTestableError(f"The exponent of a joint law wants three {name} or more, there are fewer.")
    values, n = wide.to_numpy(), wide.shape[1]
    law, resampled = fitted(width, examples, values.mean(1)), []
    for chosen in numpy_stream("bootstrap", "joint scaling").integers(n, size=(_RESAMPLES, n)):
        means = values[:, chosen].mean(1)
        resampled.append((fitted(width, examples, means, law), means))
    return Laws(law, width, examples, values.mean(1), resampled, n)
