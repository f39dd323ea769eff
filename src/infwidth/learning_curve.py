"""The learning curve of a kernel on one's own data: predicted from its spectrum, beside regressions on drawn rows.

``infwidth learning-curve KERNEL DATA`` prints it; :func:`learning_curve_of` returns it (docs/learning_curves.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infwidth.activations import Array
from infwidth.data.archives import npz_array
from infwidth.errors import DataError, SpecError, nearest
from infwidth.limits.learning_curves import Task, omniscient_task, optimal_ridge, unseen_error
from infwidth.seeding import numpy_stream

KERNELS = ("ntk", "nngp", "rbf", "linear", "own")


@dataclass(frozen=True)
class OwnCurve:
    """Errors on rows that were not drawn, over the targets' power, at every number of examples ``samples`` [points].

    ``predicted`` is of clean labels, ``with_noise`` of noisy ones, ``best_ridge`` the ridge of the least error with
    noise, which then is ``at_best_ridge``. ``measured`` and ``measured_with_noise`` are means over drawn rows at the
    ridge given, ``error`` and ``error_with_noise`` their standard errors. ``task`` has spectrum and power.
    """

    task: Task
    samples: Array
    predicted: Array
    with_noise: Array
    best_ridge: Array
    at_best_ridge: Array
    measured: Array
    error: Array
    measured_with_noise: Array
    error_with_noise: Array

    def modes_for(self, part: float) -> int:
        """Return how many of the kernel's first modes hold that part of the targets' power."""
        return int(np.searchsorted(self.task.cumulative_power, part)) + 1


def learning_curve_of(
    kernel: Array,
    targets: Array,
    *,
    ridge: float = 0.0,
    noise: float = 0.1,
    samples: Sequence[int] | None = None,
    draws: int = 10,
) -> OwnCurve:
    """Return the curve of regression with ``kernel`` [n, n] and ``ridge`` λ, added to its diagonal, on some of n rows.

    ``targets`` are [n] or [n, outputs]; ``noise`` is the variance of label noise over their power. ``samples`` are by
    default eight numbers up to half of the rows; every one is measured on ``draws`` drawn sets of rows. Raises
    SpecError for a kernel that is none, targets that do not fit or are all zero, and numbers out of range.
    """
    from infwidth.limits.subset_regression import subset_errors

    if noise < 0 or not np.isfinite(noise) or ridge < 0 or not np.isfinite(ridge) or draws < 2:
        raise SpecError("ridge and noise must be finite and not negative, and draws at least two")
    task, n = omniscient_task(kernel, targets), len(kernel)
    if not task.power > 0:
        raise SpecError("the targets are all zero: there is nothing to learn")
    P = _default_samples(n) if samples is None else np.unique(np.asarray(samples, int))
    if not len(P) or P[0] < 1 or P[-1] >= n:
        raise SpecError(f"samples must be from 1 to {n - 1}, of {n} rows, so that some are left to test on")
    σ2 = noise * task.power
    y = targets[:, None] if targets.ndim == 1 else targets
    found = np.empty((2, draws, len(P)))
    for draw in range(draws):
        order = numpy_stream("subset", "own learning curve", n, draw).permutation(n)
        for i, p in enumerate(P):
            errors = subset_errors(kernel, y, order[:p], ridge=ridge)
            found[:, draw, i] = errors.unseen_error, errors.unseen_error + σ2 * errors.unseen_gain
    clean, noisy = (unseen_error(task, P, ridge=ridge, noise=z) / task.power for z in (0.0, σ2))
    best = np.array([optimal_ridge(task, p, noise=σ2) for p in P])
    means, errors_of = found.mean(axis=1) / task.power, found.std(axis=1, ddof=1) / np.sqrt(draws) / task.power
    return OwnCurve(
        task, P, clean, noisy, best, unseen_error(task, P, ridge=best, noise=σ2) / task.power,
        means[0], errors_of[0], means[1], errors_of[1],
    )  # fmt: skip


def _default_samples(n: int) -> Array:
    return np.unique(np.geomspace(min(4, n - 1), max(n // 2, 1), 8).round().astype(int))


def read_own(path: Path, kernel: str, *, most: int) -> tuple[Array, Array]:
    """Return inputs [n, d], or for "own" the kernel [n, n], and targets [n, outputs] of an npz file.

    Its arrays are ``x`` (or ``kernel``) and ``y``. Whole numbers are classes, two of them ±1 and more one-hot; others
    are targets as they are. Of more than ``most`` rows so many are drawn. Raises DataError, which names array and row;
    Python objects are never unpickled.
    """
    name = "kernel" if kernel == "own" else "x"
    if not path.exists():
        raise DataError(f"{path}: there is no such file")
    inputs, labels = (_array(path, array) for array in (name, "y"))
    n = len(labels)
    if labels.ndim > 2 or len(inputs) != n or n < 4:
        raise DataError(
            f"{path}: {name} has the shape {inputs.shape}, y {labels.shape}; they are [n, …] and [n] or [n, outputs], "
            "a row for each of at least four inputs"
        )
    if kernel == "own" and inputs.shape != (n, n):
        raise DataError(f"{path}: kernel has the shape {inputs.shape}; that of {n} targets is ({n}, {n})")
    chosen = numpy_stream("subset", "own rows", n).permutation(n)[:most] if n > most else np.arange(n)
    targets = _targets(labels)[chosen]
    x = inputs[np.ix_(chosen, chosen)] if kernel == "own" else inputs[chosen].reshape(len(chosen), -1)
    return x.astype(np.float64), targets


def _array(path: Path, name: str) -> np.ndarray:
    with npz_array(path, name) as array:
        blocks = list(array.blocks(1 << 16))
        values = np.concatenate(blocks) if blocks else np.empty(array.shape, array.dtype)
    if values.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} is {values.dtype}; it must be numbers")
    wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if wrong.any():
        raise DataError(f"{path}: {name}, row {int(wrong.argmax())}: holds a value that is not finite")
    return values


def _targets(labels: np.ndarray) -> Array:
    """Return targets [n, outputs]; of whole numbers in one column, one-hot classes or ±1."""
    if labels.ndim == 2 or labels.dtype.kind == "f":
        return labels.reshape(len(labels), -1).astype(np.float64)
    known, place = np.unique(labels, return_inverse=True)
    if len(known) > 1000:
        raise DataError(f"y holds {len(known)} different whole numbers; if they are no classes, save them as floats")
    return np.array([[-1.0], [1.0]])[place] if len(known) == 2 else np.eye(len(known))[place]


def kernel_matrix(name: str, x: Array, *, n_hidden: int = 3, bandwidth: float | None = None) -> Array:
    """Return the kernel [n, n] of inputs ``x`` [n, d].

    "ntk" and "nngp" are those of √2·ReLU nets with ``n_hidden`` layers, "rbf" is exp(-|x - x'|²/(2 b²)) with
    ``bandwidth`` b, by default the median distance, and "linear" is x·x'/d. "own" takes ``x`` as the kernel itself.
    Raises SpecError.
    """
    if name not in KERNELS:
        raise SpecError(f"unknown kernel '{name}'{nearest(name, KERNELS)}; known: {', '.join(KERNELS)}")
    if name == "own":
        return x
    if name == "linear":
        return x @ x.T / x.shape[1]
    if name == "rbf":
        from scipy.spatial.distance import pdist, squareform

        distances = pdist(x)
        b = float(np.median(distances)) if bandwidth is None else bandwidth
        if not b > 0:
            raise SpecError(f"the bandwidth must be positive, not {b:g}" + " (most rows of x are equal)" * (b == 0))
        kernel: Array = squareform(np.exp(-(distances**2) / (2 * b**2)))
        np.fill_diagonal(kernel, 1.0)
        return kernel
    from infwidth.limits.kernels import kernels_of, mlp_layers

    found: Array = getattr(kernels_of(mlp_layers(n_hidden, "unit_relu"), x), name)
    return found


def described(curve: OwnCurve, *, noise: float, ridge: float) -> str:
    """Return the curve as a text for people."""
    η = curve.task.eigenvalues
    rows = curve.task.inputs
    lines = [
        f"{rows} rows; eigenvalues of K/{rows} from {η[0]:.3g} to {η[-1]:.3g}, {np.count_nonzero(η)} of them positive",
        "power of the targets: "
        + ", ".join(f"{part:.0%} in the first {curve.modes_for(part)} modes" for part in (0.5, 0.9, 0.99)),
        f"error on rows that were not drawn, over the power; ridge {ridge:g}, noise {noise:g} of the power",
        "",
        "       P  predicted   measured ± 2 s.e.      noisy   measured ± 2 s.e.  best ridge   error",
    ]
    columns = zip(
        curve.samples, curve.predicted, curve.measured, 2 * curve.error, curve.with_noise, curve.measured_with_noise,
        2 * curve.error_with_noise, curve.best_ridge, curve.at_best_ridge, strict=True,
    )  # fmt: skip
    for P, clean, found, error, noisy, found_noisy, error_noisy, best, at_best in columns:
        of_clean = f"{clean:10.4f} {found:10.4f} ± {error:<7.4f}"
        of_noisy = f"{noisy:10.4f} {found_noisy:10.4f} ± {error_noisy:<7.4f}"
        lines.append(f"{P:8d} {of_clean} {of_noisy} {best:10.3g} {at_best:8.4f}")
    return "\n".join(lines) + "\n"


def as_csv(curve: OwnCurve) -> str:
    """Return the curve as CSV, a line for every number of examples."""
    names = (
        "samples", "predicted", "measured", "error", "with_noise", "measured_with_noise", "error_with_noise",
        "best_ridge", "at_best_ridge",
    )  # fmt: skip
    rows = zip(*(getattr(curve, name) for name in names), strict=True)
    return "\n".join([",".join(names), *(",".join(f"{value:.10g}" for value in row) for row in rows)]) + "\n"
