"""Nets that learn x₁x₂ in the plane: their tangent kernel and function on the circle, beside those of the limit."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.perceptrons import Perceptrons, parts
from infwidth.specs.block import Count, Says, Several, unsaid

if TYPE_CHECKING:
    from infwidth.limits.kernel_ensemble import KernelEnsemble

Angle = Annotated[int | float, Field(ge=-np.pi, le=np.pi), Says("must be an angle in radians, from −π to π")]

#: Principal axes of the law of functions along which single nets are compared with it.
_AXES = 4


class Spec(Perceptrons):
    """The target is x₁x₂ at ``n_examples`` points drawn from N(0, I), or at points of the circle, at ``angles``.

    The circle is seen at ``n_angles`` equally spaced angles.
    """

    name: Literal["circle_nets"]
    n_examples: Count | None = unsaid()
    angles: Several[Angle] | None = unsaid()
    n_angles: Count

    @model_validator(mode="after")
    def _has_one_set_of_examples(self) -> Self:
        if (self.n_examples is None) == (self.angles is None):
            raise ValueError("examples are n_examples drawn points or those at angles: say one of the two")
        if self.n_angles < 2 * _AXES:
            raise ValueError(f"n_angles {self.n_angles} must be {2 * _AXES} at least")
        return self


def rows(spec: Spec, data: None) -> Rows:
    """Return kernels before and after training, and functions after it, at every ``angle`` γ (index) of the circle.

    The examples are in directions ``example_angle`` (index).

    ``tangent_kernel`` Θ(x(0), x(γ)) of nets, and of the limit at step 0; ``kernel_distance`` ‖Θ − Θ_∞‖/‖Θ_∞‖ of a net
    at step 0 over all pairs of angles, and ``kernel_change`` ‖ΔΘ‖/‖Θ_∞‖ at the last step. There ``output`` of nets,
    ``mean`` and ``deviation`` of the limit's law, and for each net ``share``, its part in the mean function, and
    ``square``, the mean of its squared coordinates along the law's largest axes: both are one on average under the law.
    """
    import torch

    from infwidth.solve.stacked_perceptrons import Stack

    γ = 2 * np.pi * np.arange(spec.n_angles) / spec.n_angles - np.pi
    origin = int(np.abs(γ).argmin())
    examples, circle = _examples(spec), np.stack([np.cos(γ), np.sin(γ)])
    limit, ensemble = _limit(spec, examples, circle)
    x, targets, on_circle = (torch.from_numpy(z) for z in (examples, examples.prod(0), circle))
    law = ensemble.at(ensemble.descent.descent(spec.lr / examples.shape[1], spec.steps))
    out, index, size = Rows(spec.lr), np.arange(spec.n_angles), np.linalg.norm(limit)
    out.add(0, "angle", γ)
    out.add(0, "example_angle", np.arctan2(examples[1], examples[0]))
    out.add(0, "tangent_kernel", limit[origin])
    out.add(spec.steps, "mean", law.mean)
    out.add(spec.steps, "deviation", law.deviation)
    for seeds in parts(spec):
        nets = Stack.initial(spec, 2, seeds)
        before = nets.kernels(on_circle)
        for _ in range(spec.steps):
            nets.descend(x, targets, spec.lr)
        after, outputs = nets.kernels(on_circle), nets.outputs(on_circle)
        for step, kernels in ((0, before), (spec.steps, after)):
            out.add(step, "tangent_kernel", kernels[:, origin], index=index, seed=seeds[:, None])
        out.add(0, "kernel_distance", np.linalg.norm(before - limit, axis=(1, 2)) / size, seed=seeds)
        out.add(spec.steps, "kernel_change", np.linalg.norm(after - before, axis=(1, 2)) / size, seed=seeds)
        out.add(spec.steps, "output", outputs, index=index, seed=seeds[:, None])
        out.add(spec.steps, "share", law.share(outputs), seed=seeds)
        out.add(spec.steps, "square", (law.coordinates(outputs, _AXES) ** 2).mean(1), seed=seeds)
    return out


def _examples(spec: Spec) -> np.ndarray:
    """Return the training points [2, P], the same for all widths and seeds."""
    if spec.angles is not None:
        return np.stack([np.cos(spec.angles), np.sin(spec.angles)])
    assert spec.n_examples is not None, "its block has made sure"
    return numpy_stream("evaluation", "circle_nets").standard_normal((2, spec.n_examples))


def _limit(spec: Spec, examples: np.ndarray, circle: np.ndarray) -> "tuple[np.ndarray, KernelEnsemble]":
    """Return the limit's tangent kernel on the circle, and the ensemble that learns the examples."""
    from infwidth.limits.kernel_ensemble import KernelEnsemble
    from infwidth.limits.kernels import kernels_of, mlp_layers

    layers = mlp_layers(spec.n_hidden, spec.activation, sigma_w=spec.sigma_w, sigma_b=spec.sigma_b)
    nngp, ntk = kernels_of(layers, np.concatenate([examples, circle], axis=1).T)
    n = examples.shape[1]
    return ntk[n:, n:], KernelEnsemble.of(nngp, ntk, examples.prod(0))
