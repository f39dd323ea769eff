"""What depth does to the learning rate where residual branches are divided by √L."""

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction

from infwidth.errors import SpecError
from infwidth.parametrization.plan import Plan


def scale_with_depth(plan: Plan, branch_parameters: Collection[str], multiplier: Fraction) -> Plan:
    """Return the plan for ``multiplier`` times as many residual branches as the plan was tuned for.

    For branches h + β L^-1/2 F(h) the gradient of a branch's weights carries L^-1/2. SGD therefore keeps its learning
    rate: L contributions of order 1/L add to the change of the output. Adam forgets the size of the gradient, so the
    rate of the branches' weights falls as L^-1/2, and their eps, which is compared with the gradient, too (Yang et al.
    2024, Tensor Programs VI; Bordelon et al. 2024). Weight decay keeps its product with the learning rate. Everything
    outside the branches stays. Raises SpecError for a name that the plan does not have.
    """
    if strangers := set(branch_parameters) - set(plan):
        raise SpecError(f"the plan has no parameters {', '.join(sorted(strangers))}; make it of the model itself")
    if plan.optimizer_name == "sgd":
        return plan
    factor = float(multiplier) ** -0.5
    scaled = {
        name: replace(p, lr=p.lr * factor, eps=p.eps * factor, weight_decay=p.weight_decay / factor)
        if name in branch_parameters
        else p
        for name, p in plan.items()
    }
    return replace(plan, parameters=scaled)
