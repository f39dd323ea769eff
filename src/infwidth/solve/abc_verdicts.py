"""The named abc-parametrizations: exponents, place, and the classifier's verdict."""

from fractions import Fraction
from typing import Literal

from infwidth.parametrization import ABC, classify, exponents
from infwidth.results.rows import Rows
from infwidth.specs.block import Depth, Several
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import NamedRule


class Spec(Computation):
    """A named rule for nets with so many hidden layers.

    ``mf_as_written``: mean field with 1/n in every layer but the first; ``mf`` continues that of one hidden layer in a
    gauge of μP.
    """

    name: Literal["abc_verdicts"]
    rule: NamedRule | Literal["mf_as_written"]
    n_hidden: Several[Depth]


def rows(spec: Spec, data: None) -> Rows:
    """Return a, b, c of every layer of a rule, its place s, v, r and what the classifier says; index is the depth."""
    out = Rows()
    for n_hidden in spec.n_hidden:
        abc = _mean_field(n_hidden) if spec.rule == "mf_as_written" else exponents(spec.rule, n_hidden)
        verdict = classify(abc.a, abc.b, abc.c)
        for letter in ("a", "b", "c"):
            for layer, value in enumerate(getattr(abc, letter), start=1):
                out.add(0, letter, float(value), layer=f"W{layer}", index=n_hidden)
        place = {"s": abc.a[-1] + abc.b[-1], "v": 2 * abc.a[-1] + abc.c[-1], "r": verdict.r}
        said = {name: getattr(verdict, name) for name in ("stable", "nontrivial", "feature_learning", "kernel_regime")}
        said["vanishes"] = any("vanish" in text for text in verdict.violations)
        for name, value in (place | said).items():
            out.add(0, name, float(value), index=n_hidden)
    return out


def _mean_field(n_hidden: int) -> ABC:
    """Return W = w/n with w ~ N(0, 1) and rate n, in every layer but the first, whose fan-in does not grow."""
    zero, one = Fraction(0), Fraction(1)
    return ABC(a=(zero, *[one] * n_hidden), b=(zero,) * (n_hidden + 1), c=(-one,) * (n_hidden + 1))
