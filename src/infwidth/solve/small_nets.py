"""What the computations with small nets share: points of the space of parametrizations, initial nets, examples."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.parametrization import exponents
from infwidth.parametrization.gauge import ABC
from infwidth.seeding import numpy_stream
from infwidth.solve.signs import signs

if TYPE_CHECKING:
    from infwidth.limits.abc_net import Net

#: The rules with a name, SP at rate n^(-1/2), SP with nothing changed but the readout's multiplier n^(-1/2), Karkada's
#: family and, as a control, the family with hidden rates smaller by n^(-1/2) than they have to be.
Point = Literal["sp", "sp_half", "sp_lr", "sp_readout", "ntk", "mup", "stp", "slow_hidden"]

_HALF = Fraction(1, 2)


def point(name: Point, n_hidden: int, richness: str | None = None) -> ABC:
    """Return the exponents of a point; ``richness`` is that of "stp" and of "slow_hidden"."""
    if name in ("stp", "slow_hidden"):
        family = exponents("stp", n_hidden, richness=richness)
        slower = _HALF if name == "slow_hidden" else Fraction(0)
        return replace(family, c=(family.c[0], *(c + slower for c in family.c[1:-1]), family.c[-1]))
    standard = exponents("sp", n_hidden)
    if name == "sp_half":
        return replace(standard, c=(_HALF,) * len(standard.c))
    if name == "sp_readout":
        return replace(standard, a=(*standard.a[:-1], _HALF))
    return exponents(name, n_hidden)


def tanh_net(of: str, seed: int, abc: ABC, *, width: int, n_inputs: int, gamma: float = 1.0) -> "Net":
    """Return one tanh net with one output; the same normals for all points of a computation, width and seed.

    ``gamma`` γ divides the readout and multiplies the rates below it by γ²: α = γ n^r in the place of n^r (Karkada).
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import initial, normals

    rng = numpy_stream("init", of, width, seed)
    draws = [z[None] for z in normals(rng, width=width, n_hidden=len(abc.a) - 1, n_inputs=n_inputs, n_outputs=1)]
    a, b, c = ([float(x) for x in letter] for letter in (abc.a, abc.b, abc.c))
    net = initial(draws, (a, b, c), ACTIVATIONS["tanh"])
    below = [gamma**2 * rate for rate in net.rates[:-1]]
    return net._replace(rates=[*below, net.rates[-1]], w=[*net.w[:-1], net.w[-1] / gamma])


def examples(n_examples: int, n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ±1 inputs over √d [d, P], so that preactivations are of order one, and ±1 targets [1, P]."""
    drawn = signs("small nets", n_examples, n_inputs + 1)
    return drawn[:, :n_inputs].T / np.sqrt(n_inputs), drawn[:, n_inputs:].T


def rms(x: np.ndarray) -> float:
    """Return the root mean square of all entries."""
    return float(np.sqrt((x**2).mean()))
