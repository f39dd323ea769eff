"""What a rule predicts of sizes and changes in a net, as slopes in the width; also behind wide → finite maps inside it.

A wide → finite map inside a net (a bottleneck z = B h, keys of a fixed width, LoRA's A) has the scale of a readout:
its entries start as n^-s, so that z starts as n^v with v = 1/2 - s, which vanishes in feature-learning rules (v =
-1/2 in ``mup``, 0 in ``ntk``). What stands on z alone starts near zero behind it, and several maps multiply their
powers. A gradient that comes back through the finite → wide map U behind z is a sum over n entries U_i g_i, of which
g_i knows the sign of the readout's i-th entry and nothing of U_i: it is n^v of the gradient of the net's output,
until what was learned has aligned the two; where z multiplies other such values (queries and keys), it is smaller by
theirs.

To first order in the learning rate, therefore: under Adam, whose steps have the size of the rate, z moves at order 1
(at n^kv behind k other maps); under SGD, whose steps have the size of gradients and features, z moves as n^v, and so
does what lies before it. Later orders, biases, norms and ways around the map (a residual stream) add to this, never
more than order 1. So the theory says how small the slopes may be, and that they do not grow: an interval. In ``ntk``
(v = 0) its ends are one: z moves at order 1, and with it the features behind it, while those before it move as
n^-1/2, as without the map. Where U starts at zero (LoRA's B), no gradient passes it at first, and z and all behind it
move, to first order, as features do: A times those of layers before, and B times z.
"""

import math
from typing import NamedTuple

from infwidth.parametrization.plan import Plan
from infwidth.parametrization.roles import Role

FEATURES = (Role.INPUT, Role.EMBEDDING, Role.HIDDEN, Role.NORM)


class Place(NamedTuple):
    """Where a site stands among the wide → finite maps inside a net.

    ``passed``: how many others its values have come through; ``ahead``: how many of the rest its values go through or
    meet; ``is_inner``: whether it is one.
    """

    passed: int = 0
    ahead: int = 0
    is_inner: bool = False


def predicted(plan: Plan, role: Role | None, place: Place, statistic: str, step: int) -> tuple[float, float]:
    """Return the smallest and the largest slope that the rule allows a site of this role there; NaN where it says none.

    ``statistic`` is ``size`` (predicted at step 0 only) or ``change``, after ``step`` updates.
    """
    usual = _without_inner_maps(plan, role, statistic, step)
    if math.isnan(usual) or place == Place():
        return usual, usual
    is_wide, passed, ahead = role is not Role.OUTPUT, place.passed, place.ahead
    s_out = plan.exponents.native(_family(plan)).std[-1]
    vanishing = min(0.0, float(1 - 2 * s_out) / 2)
    if statistic == "size":
        return usual + passed * vanishing, usual
    # Of SGD's steps: the gradients', and once more the features'.
    powers = passed + (passed + ahead + place.is_inner if _family(plan) == "sgd" else 0)
    if is_wide and not passed:
        own = usual
    elif _some_start_is_kept(plan):
        own = min(_without_inner_maps(plan, role, "change", step) for role in (Role.INPUT, Role.HIDDEN))
        powers += place.is_inner
    else:
        own = 0.0
    largest = max(usual, _without_inner_maps(plan, Role.OUTPUT, "change", step)) if passed else usual
    return min(own + powers * vanishing, largest), largest


def is_stable(plan: Plan) -> bool:
    """Return whether the rule predicts no growth; for SGD these are the inequalities of Yang & Hu 2021, Thm 3.3."""
    changes = [_without_inner_maps(plan, role, "change", 2) for role in (Role.INPUT, Role.HIDDEN, Role.OUTPUT)]
    return max(_without_inner_maps(plan, Role.OUTPUT, "size", 0), *changes) <= 0


def _family(plan: Plan) -> str:
    return "sgd" if plan.optimizer_name == "sgd" else "adam"


def _some_start_is_kept(plan: Plan) -> bool:
    return any(its.start == "kept" and its.role in (Role.INPUT, Role.HIDDEN, Role.OUTPUT) for its in plan.values())


def _without_inner_maps(plan: Plan, role: Role | None, statistic: str, step: int) -> float:
    """Return the slope the rule predicts for a site of this role in a net with one readout, NaN where it predicts none.

    With native exponents s and e of std and learning rate, the readout's entries are n^-w with w = s at first, the
    smaller of s and e once it has moved, and e if it started at zero; w is also the exponent of the gradient of a
    preactivation. A step of SGD moves input preactivations by n^-(e+w) and hidden ones by n^-(e+w-1), one of Adam by
    n^-e and n^-(e-1); the output moves n^(1-e) by its own updates and n^(1-w) times the features' motion by theirs.
    """
    is_sgd = _family(plan) == "sgd"
    (_, _, s_out), (e_in, e_hidden, e_out) = plan.exponents.native(_family(plan))
    if statistic == "size":
        if step > 0 or role not in (*FEATURES, Role.OUTPUT):
            return math.nan
        return float(1 - 2 * s_out) / 2 if role is Role.OUTPUT else 0.0
    starts_at_zero = any(its.role is Role.OUTPUT and its.init_std == 0 for its in plan.values())
    if starts_at_zero and step == 1:
        # No gradient passes a zero readout.
        return float(1 - e_out) if role is Role.OUTPUT else math.nan
    readout = s_out if step == 1 else e_out if starts_at_zero else min(s_out, e_out)
    gradient = readout if is_sgd else 0
    input_change = -(e_in + gradient)
    hidden_change = max(input_change, 1 - e_hidden - gradient)
    if role in (Role.INPUT, Role.EMBEDDING, Role.BIAS):
        return float(input_change)
    if role is Role.HIDDEN or (role is Role.NORM and input_change == hidden_change):
        return float(hidden_change)
    return float(max(1 - e_out, 1 - readout + hidden_change)) if role is Role.OUTPUT else math.nan
