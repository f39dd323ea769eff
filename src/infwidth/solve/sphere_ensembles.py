"""What ensembles of finite nets on the sphere share: their block, their data, and regression with their kernels."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Nets, Says, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.activations import Array
    from infwidth.solve.flowing_perceptrons import Flowing

Dimension = Annotated[int, Field(ge=3, le=1000), Says("must be the dimension of the inputs, from 3 to 1000")]
Degree = Annotated[int, Field(ge=1, le=20), Says("must be a degree of harmonics, from 1 to 20")]

#: Points of a curve of theory.
_CURVE = 40


class Ensembles(Computation):
    """Learning P_k(u·x), ``degree`` k and u drawn, of mean square one on the unit sphere in ``dimension`` d.

    By ReLU nets without biases of ``n_hidden`` layers of ``width`` N. ``samples`` are the numbers P of training points;
    each of ``n_sets`` data sets has its own u, training points (smaller P are the first), ``n_test`` test points and
    ``n_inits`` nets with weights of their own.
    """

    dimension: Dimension
    degree: Degree
    n_hidden: Depth
    width: Width
    samples: Several[Count]
    n_sets: Nets
    n_inits: Nets
    n_test: Count


class Points(NamedTuple):
    """Points of the sphere [P, d] with the target's values [P], and test points [Q, d] with theirs [Q]."""

    x: "Array"
    y: "Array"
    x_test: "Array"
    y_test: "Array"

    def first(self, n: int) -> "Points":
        """Return the same data set with ``n`` training points."""
        return self._replace(x=self.x[:n], y=self.y[:n])


def points(spec: Ensembles, data_set: int) -> Points:
    """Return the most points of a data set, the same for all widths and α."""
    from infwidth.limits.harmonic_target import harmonic
    from infwidth.limits.sphere_regression import sphere_points

    most, d, k = max(spec.samples), spec.dimension, spec.degree
    rng = numpy_stream("subset", "onset", d, k, data_set)
    u, x_test, x = (sphere_points(rng, n, d) for n in (1, spec.n_test, most))
    y_test, y = (harmonic(z, u[0], k) for z in (x_test, x))
    return Points(x, y, x_test, y_test)


def theory(spec: Ensembles, out: Rows) -> None:
    """Add the learning curve of the infinite net's kernel."""
    from infwidth.limits.harmonic_target import harmonic_task
    from infwidth.limits.learning_curves import learning_curve

    P = np.unique(np.geomspace(min(spec.samples), max(spec.samples), _CURVE).round().astype(int))
    out.add(P, "kernel_error", learning_curve(harmonic_task(spec.dimension, spec.degree, spec.n_hidden), P).test)


def infinite_error(spec: Ensembles, points: Points) -> float:
    """Return the error of regression with the infinite net's kernel on these points."""
    from infwidth.limits.kernel_regression import kernel_regression
    from infwidth.limits.kernels import kernels_of, mlp_layers

    root, net = np.sqrt(spec.dimension), mlp_layers(spec.n_hidden, "unit_relu")
    kernel = kernels_of(net, root * points.x).ntk
    cross = kernels_of(net, root * points.x_test, root * points.x).ntk
    predicted = kernel_regression(kernel, cross, points.y[:, None])[1][:, 0]
    return float(((predicted - points.y_test) ** 2).mean())


class Kernels(NamedTuple):
    """Tangent kernels of nets at their training points [E, P, P], and between test points and these [E, Q, P]."""

    training: "Array"
    cross: "Array"

    def errors(self, points: Points) -> "Array":
        """Return the errors [E, Q] of regression with each kernel at the test points."""
        from infwidth.limits.kernel_regression import kernel_regression

        pairs = zip(self.training, self.cross, strict=True)
        predicted = [kernel_regression(K, k, points.y[:, None])[1][:, 0] for K, k in pairs]
        return np.stack(predicted) - points.y_test


def kernels(nets: "Flowing", x: "Tensor", x_test: "Tensor") -> Kernels:
    """Return the kernels of ``nets`` between points [d, P] and [d, Q], in double precision."""
    nets = nets.double()
    here, there = nets.tangent(x.double()), nets.tangent(x_test.double())
    return Kernels(nets.kernel(here).numpy(), nets.kernel(there, here).numpy())


def nets(spec: Ensembles, *, alpha: float, data_set: int) -> "Flowing":
    """Return the nets of a data set, σ^L = ``alpha`` for L layers of weights, in single precision."""
    import torch

    from infwidth.solve.flowing_perceptrons import Flowing

    first = data_set * spec.n_inits
    return Flowing.drawn(
        width=spec.width,
        n_hidden=spec.n_hidden,
        n_inputs=spec.dimension,
        sigma_w=alpha ** (1 / (spec.n_hidden + 1)),
        seeds=range(first, first + spec.n_inits),
        dtype=torch.float32,
    )
