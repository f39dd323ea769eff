"""Kernels of residual nets at initialisation: of infinite width at any depth, and of finite nets."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Nets, Positive, Width
from infwidth.specs.cells import Computation

Array = np.ndarray

#: At how many layer times, at most, kernels are recorded.
_TIMES = 64


class Inputs(Computation):
    """Unit inputs in the plane at ``n_angles`` angles from 0 to π; φ is ``activation``, β ``branch_multiplier``."""

    n_angles: Count
    activation: Literal["unit_relu", "tanh"]
    branch_multiplier: Positive

    @property
    def points(self) -> Array:
        """Return the inputs x [P, 2], of |x|² = D = 2."""
        θ = np.linspace(0.0, np.pi, self.n_angles)
        return np.sqrt(2) * np.stack([np.cos(θ), np.sin(θ)], axis=1)


class DepthKernels(Inputs):
    """Infinite width, ``n_blocks`` deep."""

    name: Literal["bordelon2023depth.depth_kernels"]
    n_blocks: Depth


class InfiniteDepthKernels(Inputs):
    """Infinite width and depth."""

    name: Literal["bordelon2023depth.infinite_depth_kernels"]


class InitialNets(Inputs):
    """``n_seeds`` nets of a ``width``; the branches are divided by L to the ``branch_power``."""

    name: Literal["bordelon2023depth.initial_nets"]
    n_blocks: Depth
    width: Width
    branch_power: Literal["0", "1/2"]
    n_seeds: Nets


def depth_kernels(spec: DepthKernels, data: None) -> Rows:
    """Return the kernels between the first input and all (``index``), and how far they are from infinite depth.

    ``features`` H and ``gradients`` G after every block (the step counts blocks), ``tangent`` at the last;
    ``…_error``: the largest difference from infinite depth at the end of the pass (the last block for H, the first for
    G) over all pairs, relative to the largest entry there.
    """
    from infwidth.limits.residual_kernels import kernels_of_depth, kernels_of_infinite_depth

    kernel, said = _kernel(spec), {"multiplier": float(spec.branch_multiplier)}
    found = kernels_of_depth(kernel, spec.activation, n_blocks=spec.n_blocks, **said)
    limit = kernels_of_infinite_depth(kernel, spec.activation, n_times=1, **said)
    out = Rows()
    for block, (features, gradients) in enumerate(zip(found.features, found.gradients, strict=True)):
        out.add(block, "features", features[0])
        out.add(block, "gradients", gradients[0])
    out.add(spec.n_blocks, "tangent", found.tangent[0])
    ends = {
        "features": (found.features[-1], limit.features[-1]),
        "gradients": (found.gradients[0], limit.gradients[0]),
        "tangent": (found.tangent, limit.tangent),
    }
    for name, (finite, infinite) in ends.items():
        out.add(spec.n_blocks, f"{name}_error", np.abs(finite - infinite).max() / np.abs(infinite).max())
    return out


def infinite_depth_kernels(spec: InfiniteDepthKernels, data: None) -> Rows:
    """Return the same kernels of infinite depth at 64 equal steps of the layer time, and ``angle`` of every index."""
    from infwidth.limits.residual_kernels import kernels_of_infinite_depth

    limit = kernels_of_infinite_depth(
        _kernel(spec), spec.activation, multiplier=float(spec.branch_multiplier), n_times=_TIMES
    )
    out = Rows()
    out.add(0, "angle", np.linspace(0.0, np.pi, spec.n_angles))
    for time, (features, gradients) in enumerate(zip(limit.features, limit.gradients, strict=True)):
        out.add(time, "features", features[0])
        out.add(time, "gradients", gradients[0])
    out.add(_TIMES, "tangent", limit.tangent[0])
    return out


def initial_nets(spec: InitialNets, data: None) -> Rows:
    """Return the kernels of every net at initialisation, and how far they are from infinite width at this depth.

    ``features`` between the first input and all (``index``) before the first block and after the last, and at quarters
    of the depth between (the step counts blocks); ``tangent``, of all parameters, at the last; and the relative
    distances ‖K − K_∞‖/‖K_∞‖ of both there, over all pairs: ``features_error``, ``tangent_error``.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.residual_kernels import kernels_of_depth

    branch = float(spec.branch_multiplier) / spec.n_blocks ** (0.5 if spec.branch_power == "1/2" else 0.0)
    limit = kernels_of_depth(
        _kernel(spec), spec.activation, n_blocks=spec.n_blocks, multiplier=branch * spec.n_blocks**0.5
    )
    φ, out = ACTIVATIONS[spec.activation], Rows()
    shown = {round(part * spec.n_blocks / 4) for part in range(5)}
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023depth", spec.width, seed)
        h = rng.standard_normal((spec.width, 2)) @ spec.points.T / np.sqrt(2)
        weights, layers = [], [h]
        for _ in range(spec.n_blocks):
            weights.append(rng.standard_normal((spec.width, spec.width), dtype=np.float32))
            h = h + branch * (weights[-1] @ φ.value(h)) / np.sqrt(spec.width)
            layers.append(h)
        g = φ.slope(h) * rng.standard_normal((spec.width, 1))  # √N ∂f/∂h of every input, [N, P]
        tangent = _gram(φ.value(h))
        for w, entering in zip(reversed(weights), reversed(layers[:-1]), strict=True):
            tangent += branch**2 * _gram(g) * _gram(φ.value(entering))
            g = g + branch * φ.slope(entering) * (w.T @ g) / np.sqrt(spec.width)
        tangent += _gram(g) * _kernel(spec)
        for block in sorted(shown):
            out.add(block, "features", _gram(layers[block])[0], seed=seed)
        out.add(spec.n_blocks, "tangent", tangent[0], seed=seed)
        for name, of_net, infinite in (
            ("features", _gram(h), limit.features[-1]),
            ("tangent", tangent, limit.tangent),
        ):
            error = np.linalg.norm(of_net - infinite) / np.linalg.norm(infinite)
            out.add(spec.n_blocks, f"{name}_error", error, seed=seed)
    return out


def _kernel(spec: Inputs) -> Array:
    return spec.points @ spec.points.T / 2


def _gram(h: Array) -> Array:
    """Return the averages over neurons of the products of columns."""
    return h.T @ h / len(h)
