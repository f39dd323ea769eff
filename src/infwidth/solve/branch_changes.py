"""How far training takes a residual branch beyond what is linear in its weights.

A net h ← h + L^-p f(h; W) of L branches is trained by Adam at the rates of
:mod:`infwidth.parametrization.depth_rules`, L^(p-1). A branch's weights have then moved by δ = L^(p-1) δ̃, where δ̃ is of
order one whatever the depth, and with Taylor at the initial weights W

    f(h; W + δ) − f(h; W) = J δ + ½ δᵀ H δ + …,    |½ δᵀ H δ + …| / |J δ| ∝ L^(p-1).

* p = 1/2 (depth-μP): L^(-1/2). The linear changes of L branches add up to L · L^-1/2 · L^-1/2 = 1, the second ones to
  L · L^-1/2 · L^-1 = L^(-1/2). In the limit every branch is linear in its weights, though not the net.
* p = 1 (CompleteP): 1. Both add up to something of order one at any depth.

So both have a limit of infinite depth, in which a best learning rate stays; what is left of it at depth L is of order
L^(-1/2) at p = 1/2, and at p = 1, where the layers are steps of a differential equation, of order 1/L.
"""

from collections.abc import Callable

from torch import Tensor

Weights = dict[str, Tensor]


#: The step of central differences in units of the weights' change: the third order is smaller by its square.
_STEP = 1e-4


def beyond_linear(branch: Callable[[Weights, Tensor], Tensor], start: Weights, end: Weights, h: Tensor) -> Tensor:
    """Return the norm of f(h; end) − f(h; start) − J (end − start) over that of J (end − start), one number a net.

    ``branch`` is f, a smooth function of the weights and inputs of a stack of nets, both [nets, …], in double
    precision; J is its derivative by the weights at ``start``. Not a number where the weights have not moved.
    """

    def at(part: float) -> Tensor:
        return branch({name: weight + part * (end[name] - weight) for name, weight in start.items()}, h).flatten(1)

    linear = (at(_STEP) - at(-_STEP)) / (2 * _STEP)
    return (at(1.0) - at(0.0) - linear).norm(dim=1) / linear.norm(dim=1)
