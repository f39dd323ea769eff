"""Nets on images beside their linearization around the initial weights, and how far weights and kernels move."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.perceptrons import Perceptrons, measured_steps, parts, rms
from infwidth.specs import data as blocks
from infwidth.specs.block import Count

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.activations import Array
    from infwidth.data.images import Images
    from infwidth.limits.kernel_regression import KernelDescent


class Spec(Perceptrons):
    """Two classes told by ±1. ``shown`` test images and weights of every layer are followed at ``measured`` steps."""

    name: Literal["linearized_nets"]
    measured: Count
    shown: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return what nets do, and by the side, of ``linear_…``, their linearization by its exact formula.

    Over time ``output`` at the first test images (index), ``loss`` and ``test_loss`` (½ the mean of (f − y)²), and
    ``weight``, the change of the first weights of every layer (index); ``distance``, the root mean square over test
    images of the difference of the two outputs. ``kernel_distance`` ‖Θ − Θ_∞‖/‖Θ_∞‖ at step 0, over training and test
    images; at the last ``kernel_change`` ‖ΔΘ‖/‖Θ‖ and, of every layer, ``weight_change`` ‖ΔW‖/‖W‖ (Frobenius norms).
    """
    import torch

    from infwidth.limits.kernel_regression import KernelDescent
    from infwidth.limits.kernels import kernels_of, mlp_layers
    from infwidth.solve.stacked_perceptrons import Stack

    x = torch.cat([data.x_train, data.x_test]).double().flatten(1)
    y = 2.0 * torch.cat([data.y_train, data.y_test]).double() - 1.0
    n, targets, test_targets = len(data.x_train), *np.split(y.numpy(), [len(data.x_train)])
    layers = mlp_layers(spec.n_hidden, spec.activation, sigma_w=spec.sigma_w, sigma_b=spec.sigma_b)
    limit = kernels_of(layers, x.numpy()).ntk
    points, size = x.T, np.linalg.norm(limit)
    out, index, chosen = Rows(spec.lr), np.arange(spec.shown), measured_steps(spec.steps, spec.measured)
    for seeds in parts(spec):
        nets = Stack.initial(spec, x.shape[1], seeds)
        first, start, kernels = nets.copy(), nets.outputs(points), nets.kernels(points)
        descents = [KernelDescent.of(kernel[:n, :n], targets[:, None]) for kernel in kernels]
        crosses = [kernel[n:, :n] for kernel in kernels]
        out.add(0, "kernel_distance", np.linalg.norm(kernels - limit, axis=(1, 2)) / size, seed=seeds)
        for step in range(spec.steps + 1):
            if step in chosen:
                outputs = nets.outputs(points)
                linear = _linear(descents, crosses, start, spec.lr / n, step)
                for name, f in (("", outputs), ("linear_", linear)):
                    out.add(step, f"{name}output", f[:, n : n + spec.shown], index=index, seed=seeds[:, None])
                    out.add(step, f"{name}loss", 0.5 * ((f[:, :n] - targets) ** 2).mean(1), seed=seeds)
                    out.add(step, f"{name}test_loss", 0.5 * ((f[:, n:] - test_targets) ** 2).mean(1), seed=seeds)
                out.add(step, "distance", rms((outputs - linear)[:, n:]), seed=seeds)
                tangents = first.copy()
                tangents.push(points[:, :n], _pushed(descents, start, spec.lr / n, step))
                for name, weights in (("weight", nets.weights), ("linear_weight", tangents.weights)):
                    for layer, w, initial in zip(_names(spec), weights, first.weights, strict=True):
                        change = (w - initial).flatten(1)[:, : spec.shown].double().numpy()
                        out.add(step, name, change, index=index, seed=seeds[:, None], layer=layer)
            if step < spec.steps:
                nets.descend(points[:, :n], y[:n], spec.lr)
        change = np.linalg.norm(nets.kernels(points) - kernels, axis=(1, 2)) / np.linalg.norm(kernels, axis=(1, 2))
        out.add(spec.steps, "kernel_change", change, seed=seeds)
        for layer, w, initial in zip(_names(spec), nets.weights, first.weights, strict=True):
            out.add(spec.steps, "weight_change", _size(w - initial) / _size(initial), seed=seeds, layer=layer)
    return out


def _linear(descents: "list[KernelDescent]", crosses: "list[Array]", start: "Array", lr: float, step: int) -> "Array":
    """Return the outputs [S, P + Q] of the linearized nets after so many steps, from ``start`` [S, P + Q]."""
    found = []
    for descent, cross, f in zip(descents, crosses, start, strict=True):
        n, progress = len(descent.targets), descent.descent(lr, step)
        train, test = f[:n, None], f[n:, None]
        found.append(
            np.concatenate([descent.train_outputs(progress, train), descent.test_outputs(cross, progress, train, test)])
        )
    return np.stack(found)[:, :, 0]


def _pushed(descents: "list[KernelDescent]", start: "Array", lr: float, step: int) -> "Array":
    """Return the sums over steps [S, P] of lr (f − y) of the linearized nets, which their weights are moved by.

    Θ⁻¹ (1 − (1 − lr Θ)^t) (f₀ − y): the transfer of an identity in the place of the test kernel.
    """
    found = []
    for descent, f in zip(descents, start, strict=True):
        n = len(descent.targets)
        found.append(descent.transfer(np.eye(n), descent.descent(lr, step)) @ (f[:n] - descent.targets[:, 0]))
    return np.stack(found)


def _names(spec: Spec) -> list[str]:
    return [*(f"h{layer}" for layer in range(1, spec.n_hidden + 1)), "f"]


def _size(weights: "Tensor") -> "Array":
    """Return the Frobenius norm [S] of every net's matrix."""
    norms: Array = weights.flatten(1).double().norm(dim=1).numpy()
    return norms
