"""Nets of finite width trained on points of the sphere, beside their kernel's learning curve."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.sphere_kernels import SphereKernel
from infwidth.specs.block import Count, Listed, Nets, NotNegative, Several, Width

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.activations import Array
    from infwidth.limits.abc_net import Net

#: What is left of the error on the training labels in the mode that is learned last; the margins for the kernel's
#: largest and smallest eigenvalue, which those of a finite net leave.
_LEFT, _LARGER, _SMALLER = 1e-3, 1.3, 0.6

#: Of the nets' √2 ReLU where it is not zero.
_SLOPE = math.sqrt(2)


class Spec(SphereKernel):
    """Nets of ``width`` in the NTK parametrization learn a target with ``powers`` in the harmonics of degree k.

    Of each degree it is P_k(u·x), u drawn for each of ``n_seeds`` data sets; labels have noise of variance ``noise``.
    Training is gradient descent with momentum on all examples, on ½ Σ (f - y)², up to a thousandth of the initial
    error: its end is that of gradient flow where the kernel stays. ``members`` are sizes of ensembles.
    """

    name: Literal["sphere_nets"]
    kernel: Literal["ntk"]
    powers: Listed[NotNegative]
    width: Width
    samples: Several[Count]
    noise: NotNegative
    members: Several[Count]
    n_seeds: Nets
    n_test: Count


def rows(spec: Spec, data: None) -> Rows:
    """Return errors on the clean target, averages over ``n_test`` fresh points; the step is P, the index the members.

    ``test_error`` of every net or ensemble of nets, and ``kernel_error``, that of regression with the kernel on the
    same examples. Of theory ``kernel_error``, the kernel's learning curve, and ``test_error``, that with the power of
    the nets' initial functions added to the target: a net learns what it lacks. ``train_error`` is what is left on the
    labels, over their variance.
    """
    out = Rows()
    _theory(spec, out)
    for n in spec.samples:
        sets = [_examples(spec, n, seed) for seed in range(spec.n_seeds)]
        kernels = [_kernel(spec, examples.x) for examples in sets]
        outputs, left = _trained(spec, sets, kernels)
        for seed, (examples, kernel) in enumerate(zip(sets, kernels, strict=True)):
            predicted = _kernel(spec, examples.x_test, examples.x) @ np.linalg.solve(kernel, examples.y)
            out.add(n, "kernel_error", ((predicted - examples.y_test) ** 2).mean(), seed=seed)
            out.add(n, "train_error", left[seed].mean(), seed=seed)
            for size in spec.members:
                error = ((outputs[seed, :size].mean(axis=0) - examples.y_test) ** 2).mean()
                out.add(n, "test_error", error, index=size, seed=seed)
    return out


class _Examples(NamedTuple):
    """Points of the sphere [P, d] with noisy labels [P], and test points [Q, d] with the target's values [Q]."""

    x: "Array"
    y: "Array"
    x_test: "Array"
    y_test: "Array"


def _examples(spec: Spec, n: int, seed: int) -> _Examples:
    from infwidth.limits.sphere import harmonics, multiplicity
    from infwidth.limits.sphere_regression import sphere_points

    d, v2 = spec.dimension, spec.powers
    rng = numpy_stream("subset", "sphere nets", d, n, seed)
    x = sphere_points(rng, n + spec.n_test, d)
    along = np.clip(x @ sphere_points(rng, 1, d)[0], -1.0, 1.0)
    # The mean square of P_k(u·x) is 1/N(d, k).
    shells = enumerate(zip(v2, harmonics(along, dimension=d, k_max=len(v2) - 1), strict=True))
    y = sum((math.sqrt(power * multiplicity(d, k)) * P for k, (power, P) in shells), np.zeros(len(x)))
    noisy = y[:n] + math.sqrt(spec.noise) * rng.standard_normal(n)
    return _Examples(x[:n], noisy, x[n:], y[n:])


def _kernel(spec: Spec, x: "Array", others: "Array | None" = None) -> "Array":
    """Return the NTK between points of the unit sphere, which are inputs of mean square one when times √d."""
    from infwidth.limits.kernels import kernels_of, mlp_layers

    root = math.sqrt(spec.dimension)
    net = mlp_layers(spec.n_hidden or 1, "unit_relu")
    return kernels_of(net, root * x, None if others is None else root * others).ntk


def _theory(spec: Spec, out: Rows) -> None:
    from infwidth.limits.learning_curves import learning_curve
    from infwidth.limits.sphere import sphere_spectrum
    from infwidth.limits.sphere_regression import sphere_kernel, sphere_task

    spectrum = spec.spectrum()
    start = sphere_kernel("nngp", n_hidden=spec.n_hidden or 1)
    of_start = sphere_spectrum(start, dimension=spec.dimension, k_max=spec.k_max)
    v2 = np.zeros(spec.k_max + 1)
    v2[: len(spec.powers)] = spec.powers
    P = np.unique([*np.geomspace(min(spec.samples), max(spec.samples), 60).round().astype(int), *spec.samples])
    alone = learning_curve(sphere_task(spectrum, v2), P, noise=spec.noise)
    out.add(P, "kernel_error", alone.test)
    for size in spec.members:
        power = np.maximum(of_start.multiplicities * of_start.eigenvalues, 0.0) / size
        task = replace(sphere_task(spectrum, v2 + power), unlearnable=max(of_start.rest, 0.0) / size)
        out.add(P, "test_error", learning_curve(task, P, noise=spec.noise).test, index=size)


def _trained(spec: Spec, sets: "list[_Examples]", kernels: "list[Array]") -> "tuple[Array, Array]":
    """Return the outputs of trained nets at the test points [seeds, members, Q], and the part [seeds, members] of the
    labels' mean square that is left of the error on them.

    In single precision, whose rounding is far below what training leaves; the same initial weights for all P.
    """
    spectra = [np.linalg.eigvalsh(kernel) for kernel in kernels]
    largest, smallest = _LARGER * max(s[-1] for s in spectra), _SMALLER * min(s[0] for s in spectra)
    # Of the heavy ball at these two every mode's error falls as β^(t/2).
    lr = 4 / (math.sqrt(largest) + math.sqrt(smallest)) ** 2
    β = ((math.sqrt(largest) - math.sqrt(smallest)) / (math.sqrt(largest) + math.sqrt(smallest))) ** 2
    steps = math.ceil(2 * math.log(_LEFT) / math.log(β))
    outputs, left = [], []
    for seed, examples in enumerate(sets):
        for member in range(max(spec.members)):
            net = _Net.initial(spec, numpy_stream("init", "sphere nets", spec.width, seed, member))
            net.descend(examples.x, examples.y, lr=lr, momentum=β, steps=steps)
            outputs.append(net.outputs(examples.x_test))
            left.append(((net.outputs(examples.x) - examples.y) ** 2).mean() / (examples.y**2).mean())
    shape = (len(sets), max(spec.members))
    return np.reshape(outputs, (*shape, -1)), np.reshape(left, shape)


class _Net:
    """One net by its weights w_l, multipliers g_l and rates: h_(l+1) = g w √2 ReLU(h_l)."""

    def __init__(self, net: "Net") -> None:
        import torch

        self._weights = [torch.from_numpy(w[0].astype(np.float32)) for w in net.w]
        self._multipliers, self._rates = net.multipliers, net.rates

    @classmethod
    def initial(cls, spec: Spec, rng: np.random.Generator) -> "_Net":
        from infwidth.activations import ACTIVATIONS
        from infwidth.limits.abc_net import initial, normals
        from infwidth.parametrization import exponents

        n_hidden = spec.n_hidden or 1
        drawn = normals(rng, width=spec.width, n_hidden=n_hidden, n_inputs=spec.dimension, n_outputs=1)
        abc = exponents("ntk", n_hidden)
        letters = ([float(x) for x in letter] for letter in (abc.a, abc.b, abc.c))
        return cls(initial([w[None] for w in drawn], tuple(letters), ACTIVATIONS["unit_relu"]))  # type: ignore[arg-type]

    def outputs(self, x: "Array") -> "Array":
        """Return f [P] at points [P, d]."""
        f: Array = self._forward(_columns(x))[1][0].double().numpy()
        return f

    def descend(self, x: "Array", y: "Array", *, lr: float, momentum: float, steps: int) -> None:
        """Take steps of gradient descent with momentum on ½ Σ (f − y)², of points [P, d] and labels [P].

        In place and one net at a time, which is three times as fast as all at once: caches hold it.
        """
        import torch

        points, labels = _columns(x), _columns(y)
        velocities = [torch.zeros_like(w) for w in self._weights]
        for _ in range(steps):
            entering, f = self._forward(points)
            gradients, δ = [], f - labels
            for w, g, a in zip(self._weights[::-1], self._multipliers[::-1], entering[::-1], strict=True):
                δ = g * δ
                gradients.append(δ @ a.T)
                if a is not points:
                    δ = (w.T @ δ).mul_(a > 0).mul_(_SLOPE)
            layers = zip(self._weights, velocities, self._rates, reversed(gradients), strict=True)
            for w, v, rate, gradient in layers:
                w.add_(v.mul_(momentum).add_(gradient, alpha=-lr * rate))

    def _forward(self, points: "Tensor") -> "tuple[list[Tensor], Tensor]":
        """Return what enters every layer [n, P] and the outputs [1, P]."""
        entering = [points]
        for w, g in zip(self._weights[:-1], self._multipliers, strict=False):
            entering.append((w @ entering[-1]).relu_().mul_(g * _SLOPE))
        return entering, self._multipliers[-1] * (self._weights[-1] @ entering[-1])


def _columns(x: "Array") -> "Tensor":
    """Return points [d, P], or labels [1, P], as the nets take them."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.atleast_2d(x.T), dtype=np.float32))
