"""What depth does to learning rates where residual branches are divided by any power of their number.

One derivation for all: a net h ← h + (L/L0)^-p F(h; W) of L branches. The gradient of a branch's weights carries
L^-p. If its weights move by δ, each of L branches changes the stream by L^-p δ, all of them together by L^(1-p) δ,
which shall not depend on L. Adam's steps are its rate, so that goes as L^(p-1), and its eps, compared with the
gradient, as L^-p. SGD's steps are its rate times L^-p, so that goes as L^(2p-1).

* p = 1/2, depth-μP (Yang et al. 2024, Tensor Programs VI; Bordelon et al. 2024): Adam L^-1/2, eps L^-1/2, SGD 1;
* p = 1, CompleteP (Dey et al. 2025, arXiv:2505.01618, Table 1 and eq. 40): Adam 1, eps L^-1, SGD L. Below p = 1 the
  change of one branch is linear in its weights' change in the limit; at p = 1 no layer is linearised.

Biases and norms inside the branches have the branch's rates, too. Everything outside of them stays.
"""

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction

from infwidth.errors import SpecError
from infwidth.parametrization.plan import Plan
from infwidth.parametrization.rationals import Rational, rational


def scale_branches(plan: Plan, branch_parameters: Collection[str], multiplier: Fraction, *, power: Rational) -> Plan:
    """Return the plan for ``multiplier`` times as many branches as it was tuned for, each divided by depth^``power``.

    Weight decay keeps its product with the learning rate. At p = 1/2 this is :func:`depth.scale_with_depth`. Raises
    SpecError for a name that the plan does not have, and for a power outside of [1/2, 1]: below, a net explodes at the
    start; above, branches leave the stream as it is.
    """
    p = rational(power, "power")
    if not Fraction(1, 2) <= p <= 1:
        raise SpecError(f"branches are divided by depth^{p}; powers from 1/2 (depth-μP) to 1 (CompleteP) have a limit")
    if strangers := set(branch_parameters) - set(plan):
        raise SpecError(f"the plan has no parameters {', '.join(sorted(strangers))}; make it of the model itself")
    rate = float(multiplier) ** float(2 * p - 1 if plan.optimizer_name == "sgd" else p - 1)
    eps = float(multiplier) ** float(-p)
    scaled = {
        name: replace(its, lr=its.lr * rate, eps=its.eps * eps, weight_decay=its.weight_decay / rate)
        if name in branch_parameters
        else its
        for name, its in plan.items()
    }
    return replace(plan, parameters=scaled)
