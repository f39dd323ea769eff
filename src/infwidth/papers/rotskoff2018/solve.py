"""Two-layer nets that learn the energy of a spherical 3-spin glass from fresh examples."""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import LARGEST, Count, Nets, Positive, Says, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray

_RECORDS, _TEST_SIZE, _SLICE = 24, 4000, 120
#: After this part of training the rate falls to zero along a line, and the noise of the examples with it.
_COOLING = 0.5


class SpinGlass(Computation):
    """f(x) = (1/n) Σ_i c_i φ(a_i·x + b_i), n = ``width``, on the sphere |x|² = d = ``dimension``.

    The target is Σ J_pqr x_p x_q x_r, J normal, over its root mean square. Every net (seed) has its own. SGD of rate
    ``lr`` times n takes ``batch_size`` new points of the sphere a step, for ``steps`` steps.
    """

    name: Literal["rotskoff2018.spin_glass"]
    dimension: Annotated[int, Field(ge=2, le=LARGEST), Says("must be the dimension of the inputs, at least 2")]
    activation: Literal["tanh", "relu"]
    width: Width
    lr: Positive
    batch_size: Count
    steps: Count
    n_seeds: Nets


def spin_glass(spec: SpinGlass, data: None) -> Rows:
    """Return ``test_error``, the mean square on fresh points over that of the target, of every net (seed) in time.

    Of the first net at the end ``output`` at every ``angle`` (index) of the great circle of the first two coordinates,
    beside its ``target``. Examples are the same for all widths and activations.
    """
    import torch

    d, width, seeds = spec.dimension, spec.width, range(spec.n_seeds)
    couplings = np.stack(
        [numpy_stream("init", "spin glass", d, seed).standard_normal((d, d, d)) for seed in seeds]
    ).astype(np.float32)
    x_test = _on_sphere(numpy_stream("evaluation", "spin glass", d), _TEST_SIZE, d)
    energies = _energies(couplings, x_test)
    size = np.sqrt((energies**2).mean(1))[:, None, None, None]
    couplings, y_test = couplings / size, torch.from_numpy(energies / size[:, :, 0, 0])
    γ = 2 * np.pi * np.arange(_SLICE) / _SLICE - np.pi
    around = np.zeros((_SLICE, d), np.float32)
    around[:, 0], around[:, 1] = np.cos(γ) * d**0.5, np.sin(γ) * d**0.5
    net = _Units([numpy_stream("init", "spin glass units", width, seed) for seed in seeds], width, d, spec.activation)
    recorded = {round((k / _RECORDS) ** 2 * spec.steps) for k in range(_RECORDS + 1)}
    order = numpy_stream("order", "spin glass", d)
    out, at_test = Rows(spec.lr), torch.from_numpy(x_test)
    for step in range(spec.steps + 1):
        if step in recorded:
            error = (net.outputs(at_test) - y_test).square().mean(1) / y_test.square().mean(1)
            out.add(step, "test_error", error.double().numpy(), seed=seeds)
        if step == spec.steps:
            break
        x = _on_sphere(order, spec.batch_size, d)
        rate = spec.lr * min(1.0, (1 - step / spec.steps) / (1 - _COOLING))
        net.descend(torch.from_numpy(x), torch.from_numpy(_energies(couplings, x)), rate)
    out.add(spec.steps, "angle", γ)
    out.add(spec.steps, "target", _energies(couplings[:1], around)[0])
    out.add(spec.steps, "output", net.outputs(torch.from_numpy(around))[0].double().numpy(), seed=0)
    return out


def _on_sphere(rng: np.random.Generator, n: int, d: int) -> Array:
    """Return points [n, d] of the sphere of radius √d."""
    x = rng.standard_normal((n, d), dtype=np.float32)
    points: Array = x * (d**0.5 / np.linalg.norm(x, axis=1, keepdims=True))
    return points


def _energies(couplings: Array, x: Array) -> Array:
    """Return Σ J_pqr x_p x_q x_r [S, n] for J [S, d, d, d] at points [n, d]."""
    pairs = np.einsum("np,nq->npq", x, x).reshape(len(x), -1)
    by_first = pairs @ couplings.reshape(len(couplings), x.shape[1], -1).swapaxes(1, 2)
    energies: Array = (by_first * x).sum(2)
    return energies


class _Units:
    """Nets side by side by their units: a [S, n, d], b and c [S, n, 1]; all start as normals, a by 1/√d."""

    def __init__(self, rngs: list[np.random.Generator], width: int, d: int, activation: str) -> None:
        import torch

        drawn = np.stack([rng.standard_normal((width, d + 2), dtype=np.float32) for rng in rngs])
        self.a, self.b, self.c = torch.from_numpy(drawn).split([d, 1, 1], dim=2)
        self.a = self.a / d**0.5
        self.is_tanh = activation == "tanh"

    def _hidden(self, x: "Tensor") -> "Tensor":
        h = self.a @ x.T + self.b
        return h.tanh() if self.is_tanh else h.relu()

    def outputs(self, x: "Tensor") -> "Tensor":
        """Return outputs [S, P] at x [P, d]."""
        return (self.c * self._hidden(x)).mean(1)

    def descend(self, x: "Tensor", y: "Tensor", lr: float) -> None:
        """Move every unit by ``lr`` n times minus the gradient of the mean of (f - y)²; y is [S, P]."""
        φ = self._hidden(x)
        errors = (2 * lr / len(x) * ((self.c * φ).mean(1) - y))[:, None]
        slope = 1 - φ.square() if self.is_tanh else (φ > 0).to(φ)
        pushes = errors * self.c * slope
        self.c = self.c - φ @ errors.mT
        self.a = self.a - pushes @ x
        self.b = self.b - pushes.sum(2, keepdim=True)
