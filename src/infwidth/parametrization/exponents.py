"""The named parametrizations as exact exponents, for SGD and for Adam."""

from fractions import Fraction

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.gauge import ABC, lr_power, transform
from infwidth.parametrization.rationals import Rational, rational

# Karkada's gauges of his one-parameter family, and the points of it that have a name of their own.
GAUGES = ("stp", "mup_gauge", "rescaling_gauge")
_POINTS = {
    "ntk": ("rescaling_gauge", Fraction(0)),
    "mf": ("rescaling_gauge", Fraction(1, 2)),
    "mup": ("mup_gauge", Fraction(1, 2)),
}
_STANDARD = ("sp", "sp_lr")
RULES = (*_STANDARD, *_POINTS, *GAUGES)


def exponents(
    rule: str,
    n_hidden: int,
    *,
    optimizer: str = "sgd",
    richness: Rational | None = None,
    allow_unstable: bool = False,
) -> ABC:
    """Return the exponents of a rule for a net with ``n_hidden`` hidden layers (``n_hidden + 1`` weight matrices).

    Rules (Yang & Hu 2021, Table 1; Karkada 2024, STP table):

    * ``sp``: fan-in init and one learning rate for all widths; ``sp_lr``: the same with learning rate ∝ 1/n;
    * ``ntk``, ``mf`` (mean field, any depth) and ``mup`` (form of Tensor Programs IV);
    * ``stp``, ``mup_gauge``, ``rescaling_gauge``: Karkada's family with ``richness`` from 0 (ntk) to 1/2 (mup, mf), in
      three gauges: no multipliers, one learning rate of order one, init of order one. The uniform family of Yang & Hu,
      Thm G.4, at r is ``mup_gauge`` at richness 1/2 - r.

    ``optimizer="adam"`` gives the learning rates with which features move under Adam as they do under SGD. A step of
    Adam moves every entry of a native weight (no multiplier) by its learning rate, with signs that are aligned with
    the input of the layer; so a sum over fan-in n entries moves by n·lr, and features moving by n^-l (l the laziness,
    1/2 - richness) need lr n^-l for input weights, n^(-1-l) for hidden ones and, for an output that
    moves by n^0, n^-1 for the readout. At l = 0 this is Yang et al. 2022, Table 3. ``sp`` scales nothing and ``sp_lr``
    is 1/n everywhere.

    ``richness`` is an exact rational; outside [0, 1/2] it is refused unless ``allow_unstable`` (to measure where
    training stops being stable). Raises SpecError.
    """
    if not isinstance(n_hidden, int) or isinstance(n_hidden, bool) or n_hidden < 1:
        raise SpecError(f"n_hidden is {n_hidden!r}; width exponents need at least one hidden layer, so an int >= 1")
    power = lr_power(optimizer)
    if rule not in RULES:
        raise SpecError(f"unknown rule '{rule}'; the rules are {', '.join(RULES)}{nearest(rule, RULES)}")
    gauge, rho = _point(rule, richness, allow_unstable)

    n_middle = n_hidden - 1
    half, one = Fraction(1, 2), Fraction(1)
    zeros = (Fraction(0),) * (n_hidden + 1)
    if rho is None:
        rate = one if rule == "sp_lr" else Fraction(0)
        return ABC(a=zeros, b=(Fraction(0), *[half] * n_hidden), c=(rate,) * (n_hidden + 1))

    sgd = ABC(
        a=zeros,
        b=(Fraction(0), *[half] * n_middle, half + rho),
        c=(-2 * rho, *[1 - 2 * rho] * n_middle, one),
    )
    # The gauge is fixed for SGD also when the learning rates are Adam's: it is the place of the multipliers.
    if gauge == "mup_gauge":
        sgd = transform(sgd, [c / 2 for c in sgd.c])
    elif gauge == "rescaling_gauge":
        sgd = transform(sgd, list(sgd.b))
    if power == lr_power("sgd"):
        return sgd
    laziness = half - rho
    native = (laziness, *[1 + laziness] * n_middle, one)
    return ABC(a=sgd.a, b=sgd.b, c=tuple(lr - a for lr, a in zip(native, sgd.a, strict=True)))


def _point(rule: str, richness: Rational | None, allow_unstable: bool) -> tuple[str, Fraction | None]:
    """Return the gauge of a rule and its place in Karkada's family, None for the standard parametrization."""
    if rule not in GAUGES:
        if richness is not None:
            raise SpecError(
                f"rule '{rule}' takes no richness (got {richness!r}); richness belongs to {', '.join(GAUGES)}"
            )
        return _POINTS.get(rule, ("stp", None))
    if richness is None:
        raise SpecError(f"rule '{rule}' needs richness, an exact rational from 0 to 1/2 such as \"1/4\"")
    value = rational(richness, "richness")
    if not 0 <= value <= Fraction(1, 2) and not allow_unstable:
        fate = "the output explodes at initialisation" if value < 0 else "updates and gradients explode in training"
        raise SpecError(
            f"richness = {value} of rule '{rule}' is outside [0, 1/2]: {fate} as the width grows;"
            " choose a value inside, or pass allow_unstable=True to study the instability"
        )
    return rule, value
