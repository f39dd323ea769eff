r"""The layers that kernels are composed of: what each does to the covariance Σ and the tangent kernel Θ of a net.

Nets are in the NTK parametrization: every weight and bias is N(0, 1), is trained at unit rate, and enters as
σ_w w / √fan-in and σ_b b. At infinite width (K and T: what enters a layer; Σ and Θ: what leaves it)

    Dense             Σ = σ_w² K + σ_b²,                       Θ = Σ + σ_w² T            (Jacot et al. 2018)
    Conv              the same with K and T averaged over the shifts of the filter      (Novak et al. 2019; Arora 2019)
    an activation     Σ = E[φ φ],                              Θ = E[φ′ φ′] T            under N(0, K)
    LayerNorm         Σ = K / √((v + ε)(v′ + ε)),              Θ = T / √((v + ε)(v′ + ε))
    pooling           averages over both positions, Flatten over equal ones
    Residual          Σ = Σ_skip + β² Σ_branch,                Θ = Θ_skip + β² Θ_branch

for v, v′ the variances K(x, x), K(x′, x′). The sum in Residual has no cross term: a branch ends in weights of its own,
which are centred and independent of the skip. LayerNorm takes the mean over infinitely many channels, which for
preactivations is zero, and its gradient through the norm is of order 1/width.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infwidth.activations import Activation, activation_of
from infwidth.activations.duals import Array, Gap, geometric_mean
from infwidth.errors import SpecError
from infwidth.limits.kernels import positions
from infwidth.limits.kernels.state import State, sum_of_independent

#: Side lengths of an image, or nothing once positions are gone.
Sides = tuple[int, int] | tuple[()]


class Layer(ABC):
    """One step from a state to the next."""

    @abstractmethod
    def sides(self, entering: Sides) -> Sides:
        """Return the sides of what leaves for those of what enters. Raises SpecError where the layer cannot stand."""

    def radius(self, entering: Sides, leaving: positions.Radius) -> positions.Radius:
        """Return up to which offset pairs of positions must enter for those up to ``leaving`` to leave."""
        return leaving

    @abstractmethod
    def __call__(self, state: State) -> State:
        """Return the state after this layer."""


def as_layers(net: Sequence[Any]) -> tuple[Layer, ...]:
    """Return the layers of ``net``, in which activations stand by name or as they are; SpecError for anything else."""
    layers: list[Layer] = []
    for entry in net:
        if isinstance(entry, Layer):
            layers.append(entry)
        elif isinstance(entry, str | Activation):
            layers.append(Nonlinearity(activation_of(entry)))
        else:
            raise SpecError(f"{entry!r} is no layer: take one of {', '.join(KINDS)}, or an activation or its name")
    return tuple(layers)


def sides_after(layers: Sequence[Layer], entering: Sides) -> Sides:
    """Return the sides after all ``layers``."""
    for layer in layers:
        entering = layer.sides(entering)
    return entering


def radius_before(layers: Sequence[Layer], entering: Sides, leaving: positions.Radius) -> positions.Radius:
    """Return up to which offset pairs must enter the first of ``layers``."""
    before = [sides_after(layers[:depth], entering) for depth in range(len(layers))]
    for layer, sides in zip(reversed(layers), reversed(before), strict=True):
        leaving = layer.radius(sides, leaving)
    return leaving


@dataclass(frozen=True, kw_only=True)
class _Weights(Layer):
    sigma_w: float = 1.0
    sigma_b: float = 0.0

    def __post_init__(self) -> None:
        """Raise SpecError for scales without meaning."""
        if not 0 < self.sigma_w < float("inf") or not 0 <= self.sigma_b < float("inf"):
            raise SpecError(f"sigma_w must be positive and sigma_b not negative, not {self.sigma_w} and {self.sigma_b}")

    def _affine(self, state: State, covariance: Array, tangent: Array | None) -> State:
        """Return the state for weights σ_w w and biases σ_b b, of what fan-in averages have been taken of."""
        square, bias = self.sigma_w**2, self.sigma_b**2
        gap = state.gap and Gap(square * state.gap.below, square * state.gap.above)
        if square != 1:
            covariance, tangent = square * covariance, None if tangent is None else square * tangent
        if bias:
            if not state.has_positions:
                variances = state.variances()
                if gap is not None:
                    constant = Gap(np.zeros(()), np.full((), 2 * bias))
                    v1, v2 = (square * v for v in variances)
                    gap = sum_of_independent([(gap, (v1, v2)), (constant, (np.full((), bias), np.full((), bias)))])
            covariance = covariance + bias
            if state.has_positions:
                positions.zero_outside(covariance)
        # Where nothing was trained before, Θ is Σ itself.
        tangent = covariance if tangent is None else covariance + tangent
        return state.replace(covariance=covariance, tangent=tangent, gaussian=True, gap=gap)


@dataclass(frozen=True, kw_only=True)
class Dense(_Weights):
    """A fully connected layer: weights σ_w w / √fan-in, biases σ_b b."""

    def sides(self, entering: Sides) -> Sides:
        """Return none; positions must be gone."""
        if entering:
            raise SpecError(
                f"Dense needs inputs without positions, not {entering}: put Flatten or GlobalAvgPool before it"
            )
        return entering

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        return self._affine(state, state.covariance, state.tangent)


@dataclass(frozen=True, kw_only=True)
class Conv(_Weights):
    """A convolution by ``size`` × ``size`` filters at stride 1, with zeros around the image so that sides stay.

    ``size`` is odd; weights are σ_w w / √(fan-in), where the fan-in is channels · size².
    """

    size: int = 3

    def __post_init__(self) -> None:
        """Raise SpecError for a size or scale without meaning."""
        super().__post_init__()
        if self.size < 1 or self.size % 2 == 0:
            raise SpecError(f"size of a convolution must be odd and positive, not {self.size}")

    def sides(self, entering: Sides) -> Sides:
        """Return the sides that enter."""
        return _with_positions(entering, "Conv")

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        tangent = None if state.tangent is None else positions.average_shifts(state.tangent, self.size)
        return self._affine(state, positions.average_shifts(state.covariance, self.size), tangent)


@dataclass(frozen=True)
class Nonlinearity(Layer):
    """An activation, of preactivations."""

    activation: Activation

    def sides(self, entering: Sides) -> Sides:
        """Return the sides that enter."""
        return entering

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        if not state.gaussian:
            raise SpecError(
                f"{self.activation.name} must follow Dense, Conv, or what keeps their outputs Gaussian (LayerNorm, "
                "pooling, Residual): only of Gaussian preactivations is a kernel known"
            )
        dual, (v1, v2) = self.activation.dual, state.variances()
        moment, slope = dual(state.covariance, v1, v2, state.gap)
        state.pairs.check(dual, state, (v1, v2), slope)
        if state.has_positions and float(self.activation.value(np.zeros(1))[0]) != 0.0:
            positions.zero_outside(moment)
        return state.replace(
            covariance=moment,
            tangent=None if state.tangent is None else slope * state.tangent,
            derivative=slope,
            gaussian=False,
            gap=None if state.gap is None else dual.gap(moment, v1, v2, state.gap),
        )


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Preactivations over the root mean square of all channels, at every position for itself, plus ``eps`` under it."""

    eps: float = 0.0

    def sides(self, entering: Sides) -> Sides:
        """Return the sides that enter."""
        return entering

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        if not state.gaussian:
            raise SpecError("LayerNorm must follow Dense, Conv or Residual: after an activation the mean is not zero")
        v1, v2 = state.variances()
        norm = geometric_mean(v1 + self.eps, v2 + self.eps)
        norm = np.where(norm > 0, norm, 1.0)  # what is zero stays so
        return state.replace(
            covariance=state.covariance / norm,
            tangent=None if state.tangent is None else state.tangent / norm,
            gap=None if state.gap is None else Gap(state.gap.below / norm, state.gap.above / norm),
        )


@dataclass(frozen=True)
class AvgPool(Layer):
    """Averages over squares of ``size`` × ``size``; a side loses what does not fill a square."""

    size: int = 2

    def __post_init__(self) -> None:
        """Raise SpecError for a size without meaning."""
        if self.size < 1:
            raise SpecError(f"size of a pooling must be positive, not {self.size}")

    def sides(self, entering: Sides) -> Sides:
        """Return the sides over the size."""
        height, width = _with_positions(entering, "AvgPool")
        if min(height, width) < self.size:
            raise SpecError(
                f"poolings leave images of {height}×{width} pixels, too small to pool over {self.size}×{self.size} "
                "again: take larger images or fewer poolings"
            )
        return height // self.size, width // self.size

    def radius(self, entering: Sides, leaving: positions.Radius) -> positions.Radius:
        """Return size · radius + size - 1, at most what there is."""
        down, across = (self.size * r + self.size - 1 for r in leaving)
        return down, across

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        return state.replace(
            covariance=positions.average_squares(state.covariance, self.size),
            tangent=None if state.tangent is None else positions.average_squares(state.tangent, self.size),
        )


@dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels as one vector, for Dense to read."""

    def sides(self, entering: Sides) -> Sides:
        """Return none."""
        _with_positions(entering, "Flatten")
        return ()

    def radius(self, entering: Sides, leaving: positions.Radius) -> positions.Radius:
        """Return zero: only equal positions meet."""
        return 0, 0

    def __call__(self, state: State) -> State:
        """Return the state after this layer, whose entries no longer are copies of one Gaussian."""

        def read(values: Array) -> Array:
            same = positions.own(values)
            return (same.sum((0, 1)) / (same.shape[0] * same.shape[1]))[None]

        tangent = None if state.tangent is None else read(state.tangent)
        return state.replace(covariance=read(state.covariance), tangent=tangent, gaussian=False)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """The mean over all positions."""

    def sides(self, entering: Sides) -> Sides:
        """Return none."""
        _with_positions(entering, "GlobalAvgPool")
        return ()

    def radius(self, entering: Sides, leaving: positions.Radius) -> positions.Radius:
        """Return the largest there is: all positions meet all."""
        height, width = _with_positions(entering, "GlobalAvgPool")
        return height - 1, width - 1

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""

        def read(values: Array) -> Array:
            return (values.sum((0, 1, 2, 3)) / (values.shape[2] * values.shape[3]) ** 2)[None]

        return state.replace(
            covariance=read(state.covariance), tangent=None if state.tangent is None else read(state.tangent)
        )


class Residual(Layer):
    """h ↦ skip(h) + ``scale`` · branch(h): ``Residual("relu", Dense())``, ``Residual(…, skip=[Conv(size=1)])``.

    The branch ends in Dense or Conv (and poolings), whose weights nothing else has. Its first layer may be an
    activation where what enters is Gaussian.
    """

    def __init__(self, *branch: Any, skip: Sequence[Any] = (), scale: float = 1.0) -> None:
        self.branch, self.skip, self.scale = as_layers(branch), as_layers(skip), scale
        last = next((layer for layer in reversed(self.branch) if not isinstance(layer, _POOLINGS)), None)
        if not isinstance(last, _Weights):
            raise SpecError(
                "the branch of a Residual must end in Dense or Conv: only then is it independent of the skip"
            )
        if not 0 <= scale < float("inf"):
            raise SpecError(f"scale of a Residual must be finite and not negative, not {scale}")

    def __repr__(self) -> str:
        """Show branch, skip and scale."""
        return f"Residual(*{self.branch}, skip={self.skip}, scale={self.scale})"

    def sides(self, entering: Sides) -> Sides:
        """Return the sides of branch and skip, which must agree."""
        branch, skip = sides_after(self.branch, entering), sides_after(self.skip, entering)
        if branch != skip:
            raise SpecError(f"the branch of a Residual ends with sides {branch}, its skip with {skip}")
        return branch

    def radius(self, entering: Sides, leaving: positions.Radius) -> positions.Radius:
        """Return the larger of what branch and skip need."""
        needs = [radius_before(layers, entering, leaving) for layers in (self.branch, self.skip)]
        return max(needs[0][0], needs[1][0]), max(needs[0][1], needs[1][1])

    def __call__(self, state: State) -> State:
        """Return the state after this layer."""
        branch, skip = state, state
        for layer in self.branch:
            branch = layer(branch)
        for layer in self.skip:
            skip = layer(skip)
        square, gap = self.scale**2, None
        if not state.has_positions:
            variances = [branch.variances(), skip.variances()]
            if branch.gap is not None and skip.gap is not None:
                scaled = Gap(square * branch.gap.below, square * branch.gap.above)
                v1, v2 = (square * v for v in variances[0])
                gap = sum_of_independent([(skip.gap, variances[1]), (scaled, (v1, v2))])

        if skip.tangent is None or branch.tangent is None:
            raise SpecError(
                "the skip of a Residual cannot reach back to the inputs, whose number does not grow: put a Dense "
                "or Conv before it"
            )

        def add(of_skip: Array, of_branch: Array) -> Array:
            if state.has_positions and branch.has_positions:
                small, other = positions.radius_of(of_skip), positions.radius_of(of_branch)
                radius = min(small[0], other[0]), min(small[1], other[1])
                of_skip, of_branch = positions.crop(of_skip, radius), positions.crop(of_branch, radius)
            return of_skip + square * of_branch

        return skip.replace(
            covariance=add(skip.covariance, branch.covariance),
            tangent=add(skip.tangent, branch.tangent),
            gap=gap,
        )


_POOLINGS = (AvgPool, GlobalAvgPool)

#: The names of all layers, for people.
KINDS = ("Dense", "Conv", "AvgPool", "Flatten", "GlobalAvgPool", "LayerNorm", "Residual")


def _with_positions(entering: Sides, name: str) -> tuple[int, int]:
    if not entering:
        raise SpecError(f"{name} needs images: inputs [points, channels, height, width], with positions until here")
    return entering
