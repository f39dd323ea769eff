"""The π-limit of growing rank beside the μP limit, for nets with one hidden layer."""

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Nets, Positive
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.limits.pi_net import PiNets
    from infwidth.limits.pi_net.net import Loss

_POINTS = 32


class Spec(Computation):
    """Nets f = v·φ(W ξ)/n in μP, ``n_inputs`` d, that learn the sign of a linear function, one fresh example a step.

    ``rank`` r is that of random initial vectors N(0, 1/r), in the place of the d + 1 orthonormal ones; null is
    orthonormal, the limit r → ∞. ``n_seeds`` draw these vectors; ``neurons`` and ``replicas`` are those of the μP limit
    (:mod:`infwidth.programs`), which for a linear φ is exact instead.
    """

    name: Literal["pi_rank"]
    activation: Literal["linear", "relu"]
    rank: Count | None
    n_inputs: Count
    steps: Count
    lr: Positive
    n_seeds: Nets
    neurons: Count
    replicas: Nets

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.rank is not None and self.rank <= self.n_inputs:
            raise ValueError(f"rank {self.rank} must be above n_inputs {self.n_inputs}: W and v are as many Gaussians")
        return self


def rows(spec: Spec, data: None) -> Rows:
    """Return ``distance``, how far π-limits are from the μP limit, relative: ‖f_π - f_μ‖ / ‖f_μ‖ over points and steps.

    Of every draw of the initial vectors (seed) from the mean over replicas; for ``rank`` null, where there is one
    π-limit, from every replica (seed). ``sampling_error`` is that of the mean over replicas, in the same units.
    """
    inputs, targets, points = problem(spec.n_inputs, spec.steps)
    mup = _mup_limit(spec, inputs, targets, points)  # [replicas, steps + 1, points]
    mean = mup.mean(0)
    unit = np.sqrt((mean**2).mean())
    of_pi = trained(_nets(spec), inputs, targets, points, spec.lr)
    reference = mean if spec.rank is not None else mup
    out = Rows(spec.lr, of="net")
    apart = np.sqrt(((of_pi - reference) ** 2).mean((1, 2))) / unit
    out.add(spec.steps, "distance", apart, seed=np.arange(len(apart)))
    error = mup.std(0, ddof=1) / np.sqrt(len(mup)) if len(mup) > 1 else np.zeros(1)
    out.add(spec.steps, "sampling_error", np.sqrt((error**2).mean()) / unit, of="limit", seed=-1)
    return out


def problem(n_inputs: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs [steps, d] and targets [steps, 1] of training, and points [P, d] of evaluation."""
    rng = numpy_stream("generation", "pi_rank", n_inputs)
    teacher = rng.standard_normal(n_inputs)
    points = rng.standard_normal((_POINTS, n_inputs))
    inputs = rng.standard_normal((steps, n_inputs))
    return inputs, np.sign(inputs @ teacher)[:, None], points


def _nets(spec: Spec) -> "PiNets":
    from infwidth.limits.pi_net import aligned

    d = spec.n_inputs
    if spec.rank is None:
        return aligned(d=d, rank=d + 1, activation=spec.activation)
    rng = numpy_stream("init", "pi_rank", spec.rank)
    return aligned(d=d, rank=spec.rank, activation=spec.activation, rng=rng, n_nets=spec.n_seeds)


def trained(nets: "PiNets", inputs: np.ndarray, targets: np.ndarray, points: np.ndarray, lr: float) -> np.ndarray:
    """Return f_t [S, steps + 1, points] of one example a step, loss ½ (f - y)²."""
    import torch

    from infwidth.limits.pi_net import Rates

    at = torch.from_numpy(points)
    outputs = [nets(at)]
    for x, y in zip(torch.from_numpy(inputs), torch.from_numpy(targets), strict=True):
        nets.step(x[None], _half_square(y), Rates(lr))
        outputs.append(nets(at))
    followed: np.ndarray = torch.stack(outputs, 1)[..., 0].numpy()
    return followed


def _half_square(y: "torch.Tensor") -> "Loss":
    return lambda f: (f - y).square().sum() / 2


def _mup_limit(spec: Spec, inputs: np.ndarray, targets: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return f_t [replicas, steps + 1, points] of the μP limit; of a linear φ, one exact replica."""
    if spec.activation == "linear":
        from infwidth.limits.linear_mup import train

        history = train(inputs, targets, lr=spec.lr, sigma_u=spec.n_inputs**-0.5)
        return np.stack([coefficients.function[0] @ points.T for coefficients in history])[None]
    return np.stack([_sampled(spec, inputs, targets, points, seed) for seed in range(spec.replicas)])


def _sampled(spec: Spec, inputs: np.ndarray, targets: np.ndarray, points: np.ndarray, seed: int) -> np.ndarray:
    import torch

    from infwidth.models.mlp import MLP
    from infwidth.programs import infinite

    # Base width 1: W ~ N(0, 1/d), v ~ N(0, 1), and rates are η times the powers of μP.
    net = infinite(
        lambda width: MLP((spec.n_inputs,), 1, width=width, n_hidden=1, activation=spec.activation, bias=False),
        base_width=1,
        neurons=spec.neurons,
        lr=spec.lr,
        seed=seed,
        dtype=torch.float64,
    )
    optimizer, at, outputs = net.optimizer(), torch.from_numpy(points), []

    def evaluate() -> None:
        with torch.no_grad():
            outputs.append(net(at)[:, 0].numpy())

    evaluate()
    for x, y in zip(torch.from_numpy(inputs), torch.from_numpy(targets), strict=True):
        optimizer.zero_grad()
        ((net(x[None]) - y).square().sum() / 2).backward()
        optimizer.step()
        evaluate()
    return np.stack(outputs)
