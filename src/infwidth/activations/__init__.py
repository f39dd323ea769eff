r"""Activations, once for all that use them: models (torch), infinite-width kernels and finite nets (numpy).

An activation is φ, its derivative φ′, its *dual* (the two Gaussian moments from which every infinite-width kernel is
built) and its *gain*, the factor with which it keeps the second moment of a standard Gaussian: E (gain · φ(z))² = 1.
φ and φ′ take numpy arrays and torch tensors and return the same; torch is loaded only where it is needed.

Any other function serves as well, ``Activation("softplus", value, slope)``: its dual is found by quadrature.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from infwidth.activations.duals import Array, Dual, Erf, Linear, ReLU
from infwidth.activations.hermite import HermiteDual
from infwidth.errors import SpecError, nearest

__all__ = ["ACTIVATIONS", "Activation", "Array", "Dual", "activation_of"]

#: A function of a numpy array or of a torch tensor, element by element.
Pointwise = Callable[[Any], Any]


@dataclass(frozen=True)
class Activation:
    """φ (``value``), φ′ (``slope``) and, where it is known, the dual in closed form."""

    name: str
    value: Pointwise
    slope: Pointwise
    closed_form: Dual | None = None

    @cached_property
    def dual(self) -> Dual:
        """(c, v1, v2) ↦ E[φ(u) φ(v)], E[φ′(u) φ′(v)], by quadrature where no closed form is known."""
        return self.closed_form or HermiteDual(name=self.name, value=self.value, derivative=self.slope)

    @cached_property
    def gain(self) -> float:
        """1/√E φ(z)², z standard normal: √2 for relu, 1 for unit_relu and linear, 1.5925 for tanh."""
        one = np.ones(1)
        return 1 / math.sqrt(float(self.dual(one, one, one)[0][0]))

    def scaled(self, factor: float) -> "Activation":
        """Return ``factor`` · φ. Raises SpecError for a factor that is not positive and finite."""
        if not 0 < factor < math.inf:
            raise SpecError(f"gain must be positive and finite, not {factor}")
        if factor == 1:
            return self
        return Activation(
            f"{factor:g} {self.name}",
            lambda h: factor * self.value(h),
            lambda h: factor * self.slope(h),
            replace(self.dual, square=factor**2 * self.dual.square),
        )


def activation_of(of: str | Activation) -> Activation:
    """Return the activation of that name, or the one given. Raises SpecError for a name not in ACTIVATIONS."""
    if isinstance(of, Activation):
        return of
    if of not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise SpecError(f"activation '{of}' is unknown{nearest(of, ACTIVATIONS)}; known: {known}")
    return ACTIVATIONS[of]


def _is_tensor(h: Any) -> bool:
    return type(h).__module__.partition(".")[0] == "torch"


def _relu(h: Any) -> Any:
    return h.relu() if _is_tensor(h) else np.maximum(h, 0.0)


def _step(h: Any) -> Any:
    return (h > 0).to(h.dtype) if _is_tensor(h) else np.where(h > 0, 1.0, 0.0)


def _tanh(h: Any) -> Any:
    return h.tanh() if _is_tensor(h) else np.tanh(h)


def _erf(h: Any) -> Any:
    import torch

    return h.erf() if _is_tensor(h) else torch.erf(torch.as_tensor(h)).numpy()


def _bell(h: Any) -> Any:
    """exp(-h²)."""
    return (-h * h).exp() if _is_tensor(h) else np.exp(-h * h)


def _gelu(h: Any) -> Any:
    if _is_tensor(h):
        from torch.nn.functional import gelu

        return gelu(h)
    return h * _normal_cdf(h)


def _normal_cdf(h: Any) -> Any:
    return 0.5 + 0.5 * _erf(h * math.sqrt(0.5))


def _ones(h: Any) -> Any:
    return h * 0 + 1


ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("relu", _relu, _step, ReLU()),
        Activation("unit_relu", lambda h: _relu(h) * math.sqrt(2.0), lambda h: math.sqrt(2.0) * _step(h), ReLU(2.0)),
        Activation("erf", _erf, lambda h: 2 / math.sqrt(math.pi) * _bell(h), Erf()),
        Activation("linear", lambda h: h, _ones, Linear()),
        Activation("tanh", _tanh, lambda h: 1 - _tanh(h) ** 2),
        Activation("gelu", _gelu, lambda h: _normal_cdf(h) + h * _bell(h * math.sqrt(0.5)) / math.sqrt(2 * math.pi)),
        Activation("square", lambda h: h * h, lambda h: 2 * h),
    )
}
