"""ReLU nets without biases, homogeneous of degree D, side by side: gradient flow from α times the same weights."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray

#: A step is this part of the inverse of a bound on the curvature. Ends are looked for every so many steps.
_PART, _EVERY = 0.7, 20


def initial(rngs: Sequence[np.random.Generator], n_inputs: int, width: int, n_hidden: int) -> list[Tensor]:
    """Return weights [S, fan-out, fan-in], a net for each generator, with outputs of order one."""
    sizes, layers = [n_inputs, *[width] * n_hidden, 1], []
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        gain = math.sqrt((1 if i == n_hidden else 2) / fan_in)
        layers.append(torch.from_numpy(np.stack([gain * rng.standard_normal((fan_out, fan_in)) for rng in rngs])))
    return layers


def outputs(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return outputs [S, P] at inputs x [d, P], or [S, d, P] of each net its own."""
    return _entering(weights, x)[-1][:, 0]


def _entering(weights: Sequence[Tensor], x: Tensor) -> list[Tensor]:
    """Return what enters every layer, and last the outputs [S, 1, P]."""
    found = [x.expand(len(weights[0]), -1, -1)]
    for i, w in enumerate(weights):
        h = w @ found[-1]
        found.append(h if i == len(weights) - 1 else h.relu())
    return found


def trained(weights: Sequence[Tensor], x: Tensor, y: Tensor, *, tolerance: float, most: int) -> list[Tensor]:
    """Return the weights where gradient descent with small steps ends, on ½ the mean of (f - f(0) - y)².

    f(0) is the net at its initial weights: no net has outputs to begin with. A net has ended when the root mean square
    of its residuals is below ``tolerance`` of that of its labels y [S, P] at x [S, d, P], or after ``most`` steps. Its
    step is bounded by its tangent kernel's trace, and by residuals times the size of its second derivatives.
    """
    done = [w.clone() for w in weights]
    live, active = [w.clone() for w in weights], torch.arange(len(weights[0]))
    target = outputs(weights, x) + y
    sizes, lengths = tolerance * y.square().mean(1).sqrt(), x.square().sum(1).mean(1).sqrt()
    n, depth = x.shape[-1], len(weights)
    for step in range(most):
        entering = _entering(live, x[active])
        residual = entering[-1][:, 0] - target
        rms = residual.square().mean(1).sqrt()
        if step % _EVERY == 0:
            ended = rms < sizes[active]
            if ended.any():
                for final, w in zip(done, live, strict=True):
                    final[active[ended]] = w[ended]
                keep = ~ended
                active, target, residual, rms = (a[keep] for a in (active, target, residual, rms))
                live, entering = ([a[keep] for a in several] for several in (live, entering))
                if not len(active):
                    break
        gradients, trace = _gradients(live, entering, residual)
        largest = torch.stack([w.square().sum((1, 2)) for w in live]).amax(0).sqrt()
        rates = _PART / (trace + rms * lengths[active] * largest ** (depth - 2))
        for w, gradient in zip(live, gradients, strict=True):
            w -= rates[:, None, None] / n * gradient
    else:
        for final, w in zip(done, live, strict=True):
            final[active] = w
    return done


def _gradients(weights: list[Tensor], entering: list[Tensor], residual: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return the gradients of ½ Σ residual² and the mean over examples of |∂f/∂w|², the kernel's trace over P."""
    δ, gradients = torch.ones_like(entering[-1]), []
    trace = torch.zeros(len(residual), dtype=residual.dtype)
    for i in reversed(range(len(weights))):
        trace += (δ.square().sum(1) * entering[i].square().sum(1)).mean(1)
        gradients.append((δ * residual[:, None]) @ entering[i].mT)
        if i:
            δ = (weights[i].mT @ δ) * (entering[i] > 0)
    return gradients[::-1], trace
