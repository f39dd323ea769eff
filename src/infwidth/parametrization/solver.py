"""Karkada's one-parameter family, derived: the desiderata are linear equations in exponents of the width n.

A net h_l = g_l W_l h_{l-1} (l = 1, …, D, h_0 the input, h_D the output) has widths 1, n, …, n, 1, weights of std
sigma_l and learning rates eta_l. Every quantity is n to some power: products are sums and the desiderata are linear.
"""

from dataclasses import dataclass
from fractions import Fraction

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.exponents import GAUGES
from infwidth.parametrization.gauge import ABC
from infwidth.parametrization.linear import AffineSpace, solve_exactly
from infwidth.parametrization.rationals import Rational, rational

# The unknowns of each layer, as exponents of n: multiplier, init std, learning rate, and the norms of the change of
# the preactivation in one step and of the loss gradient with respect to it.
UNKNOWNS = ("g", "sigma", "eta", "change", "gradient")


@dataclass(frozen=True)
class LayerScaling:
    """One layer's multiplier g ~ n^g, init std ~ n^sigma and SGD learning rate ~ n^eta."""

    g: Fraction
    sigma: Fraction
    eta: Fraction


@dataclass(frozen=True)
class Equation:
    """One desideratum: the sum of coefficient times exponent, over (unknown, layer), equals ``right``."""

    name: str
    terms: dict[tuple[str, int], int]
    right: Fraction = Fraction(0)


def desiderata(n_hidden: int) -> list[Equation]:
    """Return Karkada's desiderata (2024, criteria 0-3) and the two definitions they need, for D = n_hidden + 1 layers.

    * activations: entries of hidden h_l are of order one at initialisation, g² sigma² n_{l-1} ~ 1 (criterion 0);
    * NTC: the output moves by order one, |Δh_D| ~ 1;
    * UUC: each layer's change is useful, |dL/dh_l · Δh_l| ~ 1. By MAX the change is of the order of the layer's own
      part, which is parallel to the gradient, so that the product of norms is what is of order one;
    * MAX: the layer's own part, |g ΔW_l h_{l-1}| = eta g² |dL/dh_l| |h_{l-1}|², is of the order of the whole change
      (for l = 1 there is no other part and this defines the change);
    * backward: the gradient passes a random layer as |dL/dh_{l-1}| ~ g sigma √n_{l-1} |dL/dh_l|.

    That |dL/dh_D| ~ 1 follows. Raises SpecError for n_hidden < 1.
    """
    if not isinstance(n_hidden, int) or isinstance(n_hidden, bool) or n_hidden < 1:
        raise SpecError(f"n_hidden is {n_hidden!r}; a net without hidden layers has no width, so give an int >= 1")
    depth = n_hidden + 1
    fan_in = [Fraction(0)] + [Fraction(1)] * n_hidden
    equations = [Equation("NTC", {("change", depth): 1})]
    for layer, n in enumerate(fan_in, start=1):
        equations.append(Equation(f"UUC of layer {layer}", {("change", layer): 1, ("gradient", layer): 1}))
        own_part = {("eta", layer): 1, ("g", layer): 2, ("gradient", layer): 1, ("change", layer): -1}
        equations.append(Equation(f"MAX of layer {layer}", own_part, -n))
        if layer < depth:
            unit = {("g", layer): 1, ("sigma", layer): 1}
            equations.append(Equation(f"activations of layer {layer}", unit, -n / 2))
        if layer > 1:
            passed = {("gradient", layer - 1): 1, ("gradient", layer): -1, ("g", layer): -1, ("sigma", layer): -1}
            equations.append(Equation(f"backward through layer {layer}", passed, n / 2))
    return equations


def family(n_hidden: int) -> AffineSpace:
    """Return all exponents that meet the desiderata; entry 5(l-1) + i of a vector is UNKNOWNS[i] of layer l.

    It has one dimension per layer for the gauge, (g, sigma, eta) + (-1, 1, 2) theta, and exactly one more: richness.
    """
    return _solutions(n_hidden, desiderata(n_hidden))


def solve(n_hidden: int, richness: Rational, gauge: str) -> tuple[LayerScaling, ...]:
    """Return the scaling of each of the ``n_hidden + 1`` layers at |Δh| ~ n^richness (norm; |h| ~ n^1/2).

    ``gauge`` is ``stp`` (no multipliers, g = 1), ``mup_gauge`` (eta of order one) or ``rescaling_gauge`` (sigma of
    order one). Any rational richness has a solution; :func:`explain` says which are stable. Raises SpecError.
    """
    if gauge not in GAUGES:
        raise SpecError(f"unknown gauge '{gauge}'; the gauges are {', '.join(GAUGES)}{nearest(gauge, GAUGES)}")
    exponents = _unique(n_hidden, rational(richness, "richness"), gauge)
    return tuple(
        LayerScaling(*(exponents[name, layer] for name in ("g", "sigma", "eta"))) for layer in range(1, n_hidden + 2)
    )


def as_abc(scalings: tuple[LayerScaling, ...]) -> ABC:
    """Return the same in the letters of Yang & Hu 2021, whose exponents are those of 1/n."""
    return ABC(
        a=tuple(-layer.g for layer in scalings),
        b=tuple(-layer.sigma for layer in scalings),
        c=tuple(-layer.eta for layer in scalings),
    )


def explain(richness: Rational) -> str:
    """Say in words what happens at this richness, and why nothing outside [0, 1/2] is stable (Karkada 2024).

    The two bounds are computed from the family: the size of the output at initialisation, and the gradient that a
    layer's first update sends back, against the gradient that its initial weights send back. Raises SpecError.
    """
    rho = rational(richness, "richness")
    # Three layers are enough: all hidden layers of the family are alike.
    exponents = _unique(2, rho, "stp")
    half = Fraction(1, 2)
    output = exponents["g", 3] + exponents["sigma", 3] + half
    through_weights = exponents["gradient", 1]
    # |g ΔW^T dL/dh| = eta g² |h_{l-1}| |dL/dh|², in the hidden layer
    through_update = exponents["eta", 2] + 2 * exponents["g", 2] + half + 2 * exponents["gradient", 2]
    if output > 0:
        return (
            f"richness {rho} < 0: outputs explode at initialisation. Useful updates of a layer that moves by n^({rho})"
            f" need a readout so large that the output starts at n^({output})."
        )
    if through_update > through_weights:
        return (
            f"richness {rho} > 1/2: gradients explode in training. Hidden preactivations have norm n^(1/2) and move by"
            f" n^({rho}), more than their own size; the first update sends back a gradient of norm n^({through_update})"
            f" where the initial weights send back n^({through_weights}), so the next step is larger by"
            f" n^({through_update - through_weights})."
        )
    regime = (
        "features move by their own size (rich: muP, mean field)"
        if rho == half
        else f"features move by n^({rho - half}) of their size (lazy: kernel regime)"
    )
    return f"richness {rho}: stable. The output starts at n^({output}) and moves by order one; {regime}."


def _columns(n_hidden: int) -> list[tuple[str, int]]:
    return [(name, layer) for layer in range(1, n_hidden + 2) for name in UNKNOWNS]


def _solutions(n_hidden: int, equations: list[Equation]) -> AffineSpace:
    columns = _columns(n_hidden)
    rows = [[Fraction(equation.terms.get(column, 0)) for column in columns] for equation in equations]
    space = solve_exactly(rows, [equation.right for equation in equations])
    if space is None:
        raise SpecError(f"no exponents meet all of: {', '.join(equation.name for equation in equations)}")
    return space


def _unique(n_hidden: int, richness: Fraction, gauge: str) -> dict[tuple[str, int], Fraction]:
    """Return the exponents of every (unknown, layer) with richness and gauge fixed."""
    fixed = {"stp": "g", "mup_gauge": "eta", "rescaling_gauge": "sigma"}[gauge]
    choices = [Equation(f"{gauge} of layer {layer}", {(fixed, layer): 1}) for layer in range(1, n_hidden + 2)]
    choices.append(Equation("richness", {("change", 1): 1}, richness))
    point, _ = _solutions(n_hidden, desiderata(n_hidden) + choices)
    return dict(zip(_columns(n_hidden), point, strict=True))
