"""What an abc-parametrization does in the infinite-width limit: the Dynamical Dichotomy of Yang & Hu 2021."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import overload

from infwidth.errors import SpecError
from infwidth.parametrization.gauge import ABC, transform
from infwidth.parametrization.rationals import Rational, rational


@dataclass(frozen=True)
class Classification:
    """The limit of one parametrization under SGD.

    ``r``: features of the last hidden layer move by n^-r (Def. 3.2). ``stable`` (Thm 3.3): nothing explodes at
    initialisation or in training; ``nontrivial`` (Thm 3.4): stable and the output moves. ``feature_learning`` (Thm 3.6)
    and ``kernel_regime`` (Thm 3.8) are statements about stable nontrivial parametrizations, of which each is exactly
    one of the two; both are False for the others. ``violations``: the conditions of stability and nontriviality that
    fail, in words.
    """

    r: Fraction
    stable: bool
    nontrivial: bool
    feature_learning: bool
    kernel_regime: bool
    violations: tuple[str, ...]


@overload
def classify(a: ABC, /) -> Classification: ...
@overload
def classify(a: Sequence[Rational], b: Sequence[Rational], c: Rational | Sequence[Rational]) -> Classification: ...
def classify(
    a: ABC | Sequence[Rational],
    b: Sequence[Rational] | None = None,
    c: Rational | Sequence[Rational] | None = None,
) -> Classification:
    """Classify the MLP with a, b over its L+1 weight matrices, L >= 1 hidden layers, and SGD learning rate n^-c.

    The three may come as one, ``classify(exponents("mup", 2))``.

    With one c per layer the parametrization is first brought to the gauge c = 0, in which the theorems apply. The
    conditions are those for tanh or smooth gelu (Yang & Hu 2021). Raises SpecError.
    """
    if isinstance(a, ABC):
        given = a
    elif b is None or c is None:
        raise SpecError("classify needs a, b and c, or the one ABC that exponents() returns")
    else:
        rates = c if isinstance(c, Sequence) and not isinstance(c, str) else [c] * len(a)
        given = ABC(
            *(tuple(rational(x, name) for x in values) for name, values in zip("abc", (a, b, rates), strict=True))
        )
    fixed = transform(given, [rate / 2 for rate in given.c])

    half = Fraction(1, 2)
    readout_init = fixed.a[-1] + fixed.b[-1]
    readout_update = 2 * fixed.a[-1]
    layer_updates = [2 * a + (1 if layer == 0 else 0) for layer, a in enumerate(fixed.a[:-1])]
    r = min(readout_init, readout_update) - 1 + min(layer_updates)

    unstable = []
    for layer, (x, y) in enumerate(zip(fixed.a[:-1], fixed.b[:-1], strict=True), start=1):
        wanted = Fraction(0) if layer == 1 else half
        if x + y != wanted:
            fate = "explode" if x + y < wanted else "vanish"
            unstable.append(f"preactivations of layer {layer} {fate} at initialisation: a+b = {x + y}, not {wanted}")
    if readout_init < half:
        unstable.append(f"the output explodes at initialisation: a+b of the readout is {readout_init} < 1/2")
    if r < 0:
        unstable.append(f"features explode in training: they move by n^-r with r = {r} < 0")
    if readout_update < 1:
        unstable.append(
            f"the output explodes in training by the readout's own updates: 2a+c of the readout is {readout_update} < 1"
        )
    if readout_init + r < 1:
        unstable.append(
            f"the output explodes in training by the features' updates: a+b+r of the readout is {readout_init + r} < 1"
        )
    stable = not unstable
    moves = readout_init + r == 1 or readout_update == 1
    trivial = [
        f"the output does not move in the limit: of the readout neither a+b+r = {readout_init + r} nor"
        f" 2a+c = {readout_update} is 1"
    ]
    nontrivial = stable and moves
    return Classification(
        r=r,
        stable=stable,
        nontrivial=nontrivial,
        feature_learning=nontrivial and r == 0,
        kernel_regime=nontrivial and r > 0,
        violations=tuple(unstable + (trivial if stable and not moves else [])),
    )
