r"""Kernel limits, trained by the same loop: features do not move, and a net is a function f_t that follows its kernel.

Of a chain of linear layers with fan-in n_l, entries of variance s_l² and learning rates η_l (all as functions of the
width under the rule), a step of SGD changes f at x by -Σ_μ Θ(x, x_μ) ∂L/∂f(x_μ),

    Θ = Σ_l [κ_l K_{l-1} + κ'_l] Π_{m ≥ l} K̇_m,    κ_l = η_l n_l Π_{m > l} c_m,    c_m = n_m s_m²,

K_{l-1} the mean of x_{l-1} x'_{l-1} over neurons, K̇_m that of φ'(h_m) φ'(h_m'), and κ'_l = η'_l Π_{m > l} c_m those of
biases (Jacot et al. 2018; Yang & Hu 2021, Thm 3.8). A κ that falls with the width is zero in the limit: of ``sp_lr``
only the readout and the hidden layers are left, of ``ntk`` all. The first outputs are a draw of the Gaussian process of
covariance c_{L+1} K_L where c_{L+1} stays (``ntk``), and zero where it falls (every richness above zero).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from infwidth.activations import ACTIVATIONS, Activation
from infwidth.errors import SpecError
from infwidth.limits.kernels import Dense, layer_kernels
from infwidth.parametrization import Plan, classify
from infwidth.programs.chain import chain_of, slope_of
from infwidth.programs.memory import check_free
from infwidth.programs.net import InfiniteNet
from infwidth.seeding import torch_stream

Array = np.ndarray


@dataclass(frozen=True)
class ChainKernels:
    """Θ and the covariance of first outputs, of a chain with these layers; the constants are those of the module."""

    layers: list[Any]  # as `layer_kernels` takes them, the last of them Dense()
    variances: list[float]  # c_l of all but the readout
    weights: list[float]  # κ_l
    biases: list[float]  # κ'_l
    start: float  # c_{L+1}

    def __call__(self, x1: Array, x2: Array | None = None) -> tuple[Array, Array]:
        """Return both between inputs [N1, d] and [N2, d] (x1 itself if left out), [N1, N2] each."""
        found = layer_kernels(self.layers, x1, x2)
        top = len(self.variances)
        tangent = np.zeros(found.nngp.shape)
        slopes = np.ones(found.nngp.shape)
        for layer in reversed(range(top + 1)):
            if layer < top:
                slopes = slopes * found.derivative[layer]
            entering = found.covariance[layer] / (self.variances[layer] if layer < top else 1.0)
            tangent += (self.weights[layer] * entering + self.biases[layer]) * slopes
        return tangent, self.start * found.nngp


def chain_kernels(plans: tuple[Plan, Plan], real: nn.Module, build: Callable[[int], nn.Module]) -> ChainKernels:
    """Return the kernels of the limit, at learning rate one, from the plans for the base width and for twice of it.

    ``real`` is the net of base width. Raises SpecError for nets that are no chains.
    """
    chain = chain_of(real.double(), "a kernel limit")
    with torch.device("meta"):
        wide = build(2 * chain.linear[0].out_features)
    of_width: list[tuple[Array, Array, Array]] = []
    for plan, net in zip(plans, (real, wide), strict=True):
        fan_in = [cast(nn.Linear, net.get_submodule(name)).in_features for name in chain.names]
        weights = [plan[f"{name}.weight"] for name in chain.names]
        biases = [
            plan[f"{n}.bias"] if m.bias is not None else None for n, m in zip(chain.names, chain.linear, strict=True)
        ]
        products = np.array([n * its.init_std**2 for n, its in zip(fan_in, weights, strict=True)])
        above = np.cumprod([1.0, *products[:0:-1]])[::-1]
        rates = np.array([its.lr * n for its, n in zip(weights, fan_in, strict=True)])
        bias_rates = np.array([0.0 if its is None else its.lr for its in biases])
        of_width.append((products, rates * above, bias_rates * above))
    (c, rate, bias_rate), (c2, rate2, bias_rate2) = of_width
    layers: list[Any] = []
    for variance, function in zip(c[:-1], chain.functions, strict=True):
        layers += [Dense(sigma_w=float(np.sqrt(variance))), activation(function)]
    return ChainKernels(
        [*layers, Dense()],
        [float(value) for value in c[:-1]],
        _limit(rate, rate2),
        _limit(bias_rate, bias_rate2),
        _limit(c[-1:], c2[-1:])[0],
    )


def _limit(at_base: Array, at_twice: Array) -> list[float]:
    """Return the limits of powers of the width, none of which grows."""
    if (at_twice > at_base * (1 + 1e-6)).any():
        raise SpecError("a learning rate or a variance grows with the width, and the limit does not exist")
    return [float(a) if b > a * (1 - 1e-6) else 0.0 for a, b in zip(at_base, at_twice, strict=True)]


def activation(function: nn.Module) -> Activation:
    """Return the activation that a module computes: one that is known, else one whose averages are by quadrature."""
    z = torch.linspace(-3, 3, 31, dtype=torch.float64)
    with torch.no_grad():
        values = function(z)
    for known in ACTIVATIONS.values():
        if torch.allclose(known.value(z), values, rtol=1e-12, atol=1e-14):
            return known

    def value(h: Array) -> Array:
        with torch.no_grad():
            return np.asarray(function(torch.as_tensor(h)).numpy())

    return Activation(
        type(function).__name__, value, lambda h: np.asarray(slope_of(function, torch.as_tensor(h)).numpy())
    )


class KernelNet(InfiniteNet):
    """The function that a net is in its kernel limit; made by :func:`infinite`.

    It holds f at all inputs that it was trained on, and what each weighs: f_t(x) = f_0(x) + Σ_μ Θ(x, x_μ) α_μ.
    """

    def __init__(
        self, kernels: ChainKernels, plan: Plan, *, lr: float, n_outputs: int, seed: int, device: torch.device | str
    ) -> None:
        super().__init__(nn.Module(), plan, {})
        self.kernels, self.lr, self.device = kernels, lr, torch.device(device)
        self.anchor = nn.Parameter(torch.zeros((), device=device))
        self.generator = torch_stream("init", "infinite", seed, "kernel limit")
        self.n_outputs = n_outputs
        self.places: dict[bytes, int] = {}
        self.points = np.zeros((0, 0))
        self.tangent = np.zeros((0, 0))
        self.start = np.zeros((0, n_outputs))  # f_0
        self.root = np.zeros((0, 0))  # of the covariance, lower triangular
        self.normal = np.zeros((0, n_outputs))  # f_0 = root · normal
        self.weights = np.zeros((0, n_outputs))  # α
        self.velocity = np.zeros((0, n_outputs))
        self.pending: list[tuple[Array, Array]] = []

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs [P, k] at inputs [P, …]. Raises SpecError for inputs that are not finite."""
        (x,) = inputs
        points = x.detach().flatten(1).double().cpu().numpy()
        if torch.is_grad_enabled() or self.kernels.start > 0:
            places = self._places(points)
            values = self.start[places] + self.tangent[places] @ self.weights
        else:
            places = np.zeros(0, dtype=int)
            tangent = self.kernels(points, self.points)[0] if len(self.points) else np.zeros((len(points), 0))
            values = tangent @ self.weights
        f: torch.Tensor = _Values.apply(self.anchor, self, torch.from_numpy(values).to(x), places)
        return f

    def optimizer(self) -> torch.optim.Optimizer:
        """Return SGD in the space of functions."""
        return KernelSGD([{"params": [self.anchor], "net": self}], lr=self.lr, momentum=self.plan.momentum)

    def step(self, lr: float, momentum: float) -> None:
        """Make a step of SGD: v ← μ v + ∂L/∂f, α ← α - lr v."""
        self.velocity *= momentum
        for places, g in self.pending:
            np.add.at(self.velocity, places, g)
        self.weights -= lr * self.velocity
        self.pending.clear()

    def _places(self, points: Array) -> Array:
        """Return where inputs stand among those that are known, after adding the others."""
        keys = [point.tobytes() for point in points]
        new = {key: row for row, key in enumerate(keys) if key not in self.places}
        if new:
            self._add(points[list(new.values())])
            for key in new:
                self.places[key] = len(self.places)
        return np.array([self.places[key] for key in keys])

    def _add(self, points: Array) -> None:
        old, count = len(self.points), len(self.points) + len(points)
        check_free(
            6 * 8 * count**2,
            f"a kernel of {count} inputs",
            "train on fewer different inputs, or evaluate under torch.no_grad() by a rule with richness above zero",
            torch.device("cpu"),
        )
        among, covariance = self.kernels(points)
        across, cross = self.kernels(self.points, points) if old else (np.zeros((0, len(points))),) * 2
        self.tangent = np.block([[self.tangent, across], [across.T, among]])
        self.points = np.concatenate([self.points.reshape(old, points.shape[1]), points])
        normal = torch.randn(len(points), self.n_outputs, generator=self.generator, dtype=torch.float64).numpy()
        if self.kernels.start > 0:
            known = np.linalg.solve(self.root, cross).T
            rest = covariance - known @ known.T + 1e-10 * covariance.diagonal().mean() * np.eye(len(points))
            root = np.linalg.cholesky(rest)
            self.start = np.concatenate([self.start, known @ self.normal + root @ normal])
            self.root = np.block([[self.root, np.zeros((old, len(points)))], [known, root]])
        else:
            self.start = np.concatenate([self.start, np.zeros_like(normal)])
        self.normal = np.concatenate([self.normal, normal])
        self.weights, self.velocity = (
            np.concatenate([values, np.zeros_like(normal)]) for values in (self.weights, self.velocity)
        )


class _Values(torch.autograd.Function):
    """f forwards; backwards it keeps ∂L/∂f for the optimizer."""

    @staticmethod
    def forward(ctx: Any, _anchor: torch.Tensor, net: KernelNet, values: torch.Tensor, places: Array) -> torch.Tensor:
        ctx.net, ctx.places = net, places
        return values.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (g,) = gradients
        ctx.net.pending.append((ctx.places, g.detach().double().cpu().numpy()))
        return g.new_zeros(()), None, None, None


class KernelSGD(torch.optim.SGD):
    """``torch.optim.SGD`` of a net in its kernel limit."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move the function by one step."""
        loss = super().step(closure)
        for group in self.param_groups:
            group["net"].step(group["lr"], group["momentum"])
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradient."""
        super().zero_grad(set_to_none)
        for group in self.param_groups:
            group["net"].pending.clear()


def is_kernel_limit(plan: Plan) -> bool:
    """Return whether a plan's limit is one of kernels; raise SpecError where it has none, or a trivial one."""
    if plan.optimizer_name != "sgd":
        return False
    found = classify(plan.exponents)
    if found.violations:
        raise SpecError(
            f"rule '{plan.rule}' has no limit to train in: {'; '.join(found.violations)}. Take mup, ntk, or another"
            " stable one (infwidth.parametrization.explain says more)"
        )
    return found.kernel_regime
