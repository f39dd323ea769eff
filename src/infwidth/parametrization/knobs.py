"""What papers turn to go from lazy to rich, converted to one symbol: the richness γ₀.

A net of L weight matrices v_l with standard normal entries, of width N on d inputs, that is homogeneous in each of them
and has a centred output F = f(v) − f(v₀), has one number that its training depends on up to the unit of time: γ₀ in

    F = (γ₀ N)⁻¹ d^(−1/2) N^(−(L−2)/2) · v_L φ(… φ(v_1 x)),    v̇_l = −∂L/∂v_l.

It is one at mean-field size (μP) and N^(−1/2) in the NTK parametrization. Every paper has its own place for it: a
factor on the output, on the initial weights or on every layer, or a power of the width. In all of them the rates of
layers are as their initial variances, so that the paths are the same, point by point, at equal γ₀.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from infwidth.parametrization.exponents import exponents


@dataclass(frozen=True)
class Recipe:
    """How a paper sets up a net: W_l ~ N(0, ``stds``²), h_l = ``multipliers`` W_l φ(h_(l−1)), F = ``scale`` (f − f₀).

    Weights learn at ``rates``, each for the unit of time in which v̇ = −∂L/∂v.
    """

    stds: tuple[float, ...]
    multipliers: tuple[float, ...]
    scale: float
    rates: tuple[float, ...]


@dataclass(frozen=True)
class Knob:
    """One paper's knob: its ``symbol``, where it sits, its ``source``, and what it means.

    ``richness`` (value, N, L, d) ↦ γ₀; ``value`` (γ₀, N, L, d) is its inverse; ``recipe`` (value, N, L, d) is the
    net as the paper has it; ``lazy_is`` tells to which side of the knob nets are lazy.
    """

    symbol: str
    place: str
    conversion: str
    source: str
    lazy_is: str
    richness: Callable[[float, int, int, int], float]
    value: Callable[[float, int, int, int], float]
    recipe: Callable[[float, int, int, int], Recipe]


def _fan_ins(N: int, L: int, d: int) -> tuple[int, ...]:
    return (d, *[N] * (L - 1))


def _scaled(N: int, L: int, d: int, *, last: float | None = None, each: float = 1.0, scale: float = 1.0) -> Recipe:
    """Return unit weights behind factors fan-in^(−1/2), times ``each``; ``last`` is the readout's in its place."""
    multipliers = [each * fan_in**-0.5 for fan_in in _fan_ins(N, L, d)]
    multipliers[-1] = multipliers[-1] if last is None else last
    return Recipe((1.0,) * L, tuple(multipliers), scale, (1.0,) * L)


def _karkada(r: float, N: int, L: int, d: int) -> Recipe:
    abc = exponents("stp", L - 1, richness=Fraction(r).limit_denominator(10**9))
    stds, rates = ([N ** -float(power) for power in powers] for powers in (abc.b, abc.c))
    stds[0], rates[0] = stds[0] * d**-0.5, rates[0] / d
    unit = N ** (-2 * r)  # of time
    return Recipe(tuple(stds), (1.0,) * L, 1.0, tuple(rate * unit for rate in rates))


#: By the paper's name here; the first one is γ₀ itself.
KNOBS: Mapping[str, Knob] = MappingProxyType(
    {
        "atanasov2024sgd": Knob(
            symbol="γ",
            place="output of mean-field size divided by γ",
            conversion="γ₀ = γ",
            source="Atanasov et al. 2025; its code",
            lazy_is="small",
            richness=lambda value, N, L, d: value,
            value=lambda gamma0, N, L, d: gamma0,
            recipe=lambda value, N, L, d: _scaled(N, L, d, last=1 / N, scale=1 / value),
        ),
        "bordelon2022": Knob(
            symbol="γ",
            place="readout divided by γ √N",
            conversion="γ₀ = γ N^(−1/2)",
            source="Bordelon & Pehlevan 2022, eq. 1",
            lazy_is="small",
            richness=lambda value, N, L, d: value * N**-0.5,
            value=lambda gamma0, N, L, d: gamma0 * N**0.5,
            recipe=lambda value, N, L, d: _scaled(N, L, d, last=1 / (value * N**0.5)),
        ),
        "geiger2020": Knob(
            symbol="α",
            place="output of the NTK parametrization times α",
            conversion="γ₀ = 1/(√h α)",
            source="Geiger et al. 2020, the article's units",
            lazy_is="large",
            richness=lambda value, N, L, d: 1 / (value * N**0.5),
            value=lambda gamma0, N, L, d: 1 / (gamma0 * N**0.5),
            recipe=lambda value, N, L, d: _scaled(N, L, d, scale=value),
        ),
        "atanasov2022": Knob(
            symbol="σ",
            place="every layer of the NTK parametrization times σ",
            conversion="γ₀ = 1/(√N σ^L)",
            source="Atanasov et al. 2023 (onset of variance-limited behavior), set-up",
            lazy_is="large",
            richness=lambda value, N, L, d: value**-L * N**-0.5,
            value=lambda gamma0, N, L, d: (gamma0 * N**0.5) ** (-1 / L),
            recipe=lambda value, N, L, d: _scaled(N, L, d, each=value),
        ),
        "chizat2019": Knob(
            symbol="τ",
            place="initial weights N(0, τ²), no multipliers",
            conversion="γ₀ = τ^(−L) d^(−1/2) N^(−L/2)",
            source="Chizat, Oyallon & Bach 2019, code of the shallow nets (L = 2)",
            lazy_is="large",
            richness=lambda value, N, L, d: value**-L * d**-0.5 * N ** (-L / 2),
            value=lambda gamma0, N, L, d: (gamma0 * d**0.5 * N ** (L / 2)) ** (-1 / L),
            recipe=lambda value, N, L, d: Recipe((value,) * L, (1.0,) * L, 1.0, (value**2,) * L),
        ),
        "karkada2024": Knob(
            symbol="r",
            place="powers of N in initial weights and rates",
            conversion="γ₀ = N^(r − 1/2)",
            source="Karkada 2024, table of the STP gauge",
            lazy_is="small",
            richness=lambda value, N, L, d: N ** (value - 0.5),
            value=lambda gamma0, N, L, d: 0.5 + math.log(gamma0, N),
            recipe=_karkada,
        ),
    }
)
