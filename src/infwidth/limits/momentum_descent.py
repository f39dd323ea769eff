"""Gradient descent with momentum and a fixed kernel, after any number of steps."""

import math

import numpy as np

from infwidth.errors import SpecError
from infwidth.limits.kernel_regression import KernelDescent, Progress


def momentum_descent(descent: KernelDescent, lr: float, momentum: float, steps: float) -> Progress:
    """Return the progress after ``steps`` steps v ← ``momentum`` v − ``lr`` ∇, θ ← θ + v of the heavy ball, from rest.

    What is left of the error in a mode of eigenvalue λ, e, follows v ← μ v + ηλ e, e ← e − v: a matrix of two by two,
    whose power is taken. Steady below ``descent.largest_stable_lr(momentum)``; infinitely many steps only there, to
    where gradient flow ends. Raises SpecError for a rate, a momentum or steps without meaning.
    """
    if not (0 <= lr < math.inf and 0 <= momentum < 1):
        raise SpecError(f"the rate must be finite and not negative, momentum in [0, 1), not {lr} and {momentum}")
    if math.isinf(steps):
        if not 0 < lr < (largest := descent.largest_stable_lr(momentum)):
            raise SpecError(f"descent at rate {lr} does not converge: take one below {largest:.3g}")
        return descent.flow(math.inf)
    if not (steps >= 0 and steps == int(steps)):
        raise SpecError(f"steps must be a whole number from 0, not {steps}")
    gain = lr * descent.eigenvalues
    one, none = np.ones_like(gain), np.zeros_like(gain)
    # Rows of (v, e), and of (v, 1 − e, 1), which keeps the digits of what is learned early.
    of_error = np.array([[momentum * one, gain], [-momentum * one, one - gain]])
    of_learned = np.array([[momentum * one, -gain, gain], [momentum * one, one - gain, gain], [none, none, one]])
    with np.errstate(over="ignore", invalid="ignore"):  # of modes that grow
        left, learned = (np.linalg.matrix_power(m.transpose(2, 0, 1), int(steps)) for m in (of_error, of_learned))
    return Progress(left[:, 1, 1], learned[:, 1, 2])
