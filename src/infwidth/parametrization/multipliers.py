"""The other gauges of a plan: the same training with forward multipliers written out, W = g·w with trainable w."""

from dataclasses import replace

import torch
from torch import nn
from torch.nn.utils import parametrize as torch_parametrize

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.exponents import GAUGES
from infwidth.parametrization.gauge import Layer, rescale
from infwidth.parametrization.plan import ParameterPlan, Plan
from infwidth.parametrization.roles import Role

_WEIGHTS = (Role.INPUT, Role.HIDDEN, Role.OUTPUT)


class _Times(nn.Module):
    """W = g·w; torch calls ``right_inverse`` once, on the weight as it was initialised."""

    def __init__(self, multiplier: float) -> None:
        super().__init__()
        self.multiplier = multiplier

    def forward(self, w: torch.Tensor) -> torch.Tensor:
        return self.multiplier * w

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / self.multiplier


def multiplier(plan: ParameterPlan, gauge: str, lr: float) -> float:
    """Return the forward multiplier g of one weight in a gauge (Karkada 2024; his q, α are in the plan's numbers).

    ``stp``: 1. ``mup_gauge``: √(its rate/``lr``), so that w learns at the base rate ``lr``. ``rescaling_gauge``: its
    std, so that w starts as N(0, 1). Everything that is no weight matrix keeps 1. Raises SpecError.
    """
    if gauge not in GAUGES:
        raise SpecError(f"unknown gauge '{gauge}'; the gauges are {', '.join(GAUGES)}{nearest(gauge, GAUGES)}")
    if gauge == "stp" or plan.role not in _WEIGHTS:
        return 1.0
    if gauge == "mup_gauge":
        return (plan.lr / lr) ** 0.5
    if plan.init_std == 0:
        raise SpecError("the rescaling gauge starts every weight as N(0, 1), so none can start at zero; choose another")
    return plan.init_std


def write_multipliers_(
    model: nn.Module, plan: Plan, gauge: str, *, lr: float, weight_decay: float | None = None
) -> Plan:
    """Change an initialised model from its plan's gauge (no multipliers) to another, in place; return the plan for it.

    Afterwards ``model`` holds w where it held W, and computes with W = g·w. The returned plan has the names of its
    parameters and the numbers σ/g, η/g², λg² of :func:`gauge.rescale`, under which SGD, with momentum or without,
    trains the same function (Karkada 2024). ``weight_decay`` gives every parameter this one number instead, as a
    single argument of the optimizer would: then the gauges are different trainings. ``lr`` is the base learning rate.
    Raises SpecError for an unknown gauge, for an optimizer other than SGD, whose gauges move otherwise, and for what
    cannot be changed in place: a model in a wrapper, and one of tied parameters, whose other owners would not multiply.
    """
    if plan.optimizer_name != "sgd":
        raise SpecError(f"multipliers are written out for sgd only, not for {plan.optimizer_name}")
    if strangers := sorted({name for name, _ in model.named_parameters()} ^ set(plan)):
        raise SpecError(
            f"the plan is of another model, or this one is in a wrapper: {', '.join(strangers)} only in one of the two;"
            " write the multipliers out before wrapping it"
        )
    if len(list(model.named_parameters(remove_duplicate=False))) > len(plan):
        raise SpecError("the model has tied parameters, of which only one owner would multiply; write them out untied")
    parameters = {}
    for name, its in plan.items():
        g = multiplier(its, gauge, lr)
        moved = rescale(Layer(1.0, its.init_std, its.lr, its.weight_decay, its.eps), 1.0 / g)
        new = replace(
            its,
            init_std=moved.init_std,
            lr=moved.lr,
            weight_decay=moved.weight_decay if weight_decay is None else weight_decay,
        )
        parameters[name if g == 1.0 else _write(model, name, g)] = new
    # A parametrized weight changes its place among the parameters; the plan follows the model.
    return replace(plan, parameters={name: parameters[name] for name, _ in model.named_parameters()})


def _write(model: nn.Module, name: str, g: float) -> str:
    """Replace parameter ``name`` by g times a new parameter; return the new one's name."""
    path, _, attribute = name.rpartition(".")
    torch_parametrize.register_parametrization(model.get_submodule(path), attribute, _Times(g))
    return f"{path}.parametrizations.{attribute}.original".removeprefix(".")
