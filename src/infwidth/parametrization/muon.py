"""Muon for a plan's hidden matrices, AdamW for everything else: which rate keeps features moving by their own size?

A step of Muon moves a matrix W (out × in) by lr·a·O, where O has singular values of about 1 and a is torch's
adjustment for the shape. The gradient is made of the layer's inputs x, so O moves x along: |O x| ≈ |x|, and entries of
the preactivation move by lr·a·√(in/out) times the entries of x. They shall not move with the width, therefore
lr·a ∝ √(out/in) (the spectral condition of Yang, Simon & Bernstein 2023, arXiv:2310.17813). Torch's adjustments are

* ``original``, a = √max(1, out/in), and ``spectral_unclamped``, a = √(out/in): a rate that is the same at all widths
  does it, up to what ``original`` cuts off in layers whose shape changes with the width;
* ``match_rms_adamw``, a = 0.2·√max(out, in): it keeps the RMS of the update's *entries* at 0.2·lr whatever the width,
  as AdamW's are. Features then move by √n: the rate has to fall as n^-1/2. An update of full rank with entries of a
  fixed size has a norm of √n, where Adam's, aligned with its input, has n; hence the root, where Adam has 1/n.

The RMS of entries is the wrong thing to keep: under ``original`` it falls as n^-1/2, and features move alike.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization.plan import ParameterPlan, Plan
from infwidth.parametrization.roles import Role

Adjustment = Literal["original", "spectral_unclamped", "match_rms_adamw"]
ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimizers as one: their groups are this one's, so that any scheduler that multiplies rates serves both."""

    def __init__(self, muon: torch.optim.Muon, adamw: torch.optim.AdamW) -> None:
        self._parts = muon, adamw
        super().__init__([group for part in self._parts for group in part.param_groups], {})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step of each; a closure is evaluated once, before both."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both, by name."""
        muon, adamw = self._parts
        return {"muon": muon.state_dict(), "adamw": adamw.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned."""
        muon, adamw = self._parts
        muon.load_state_dict(state_dict["muon"])
        adamw.load_state_dict(state_dict["adamw"])
        self.param_groups = [group for part in self._parts for group in part.param_groups]


@dataclass(frozen=True)
class MuonPlan(Plan):
    """A plan whose ``matrices`` are trained by Muon at the rates and decays that stand there for them."""

    matrices: frozenset[str]
    adjustment: Adjustment
    muon_momentum: float
    nesterov: bool

    def optimizer(self, model: nn.Module) -> MuonWithAdamW:
        """Return Muon over the matrices and AdamW over the rest, as one optimizer.

        Raises SpecError where all of one of the two are frozen.
        """
        named = {name: p for name, p in self._match(model).items() if p.requires_grad}
        for one, names in (("Muon", self.matrices & named.keys()), ("AdamW", named.keys() - self.matrices)):
            if not names:
                raise SpecError(f"everything that {one} would train is frozen; use the other optimizer alone")
        muon = torch.optim.Muon(
            [
                {"params": [p], "lr": self[name].lr, "weight_decay": self[name].weight_decay}
                for name, p in named.items()
                if name in self.matrices
            ],
            momentum=self.muon_momentum,
            nesterov=self.nesterov,
            adjust_lr_fn=self.adjustment,
        )
        adamw = torch.optim.AdamW(
            [
                {"params": [p], "lr": self[name].lr, "weight_decay": self[name].weight_decay, "eps": self[name].eps}
                for name, p in named.items()
                if name not in self.matrices
            ],
            betas=self.betas,
        )
        return MuonWithAdamW(muon, adamw)


def with_muon(
    plan: Plan,
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float = 0.0,
    adjustment: Adjustment = "original",
    momentum: float = 0.95,
    nesterov: bool = True,
) -> MuonPlan:
    """Return a μP plan with its hidden matrices trained by Muon at ``lr``, their rate at the base width.

    ``plan`` is of ``adamw`` and the rule ``mup``; its other parameters keep their rates. Hidden weights that are no
    matrices (convolutions) stay with AdamW, since Muon takes matrices only. Decay is Muon's decoupled one, and keeps
    its product with the rate. A matrix whose start is kept is trained by Muon, too. Raises SpecError.
    """
    if plan.optimizer_name != "adamw" or plan.rule != "mup":
        raise SpecError(f"Muon goes with a plan of mup and adamw; this one is of {plan.rule} and {plan.optimizer_name}")
    if adjustment not in ADJUSTMENTS:
        raise SpecError(f"adjustment is {adjustment!r}; it is {', '.join(ADJUSTMENTS)}")
    if not (lr > 0 and math.isfinite(lr) and weight_decay >= 0):
        raise SpecError(f"lr is {lr} and weight_decay {weight_decay}; a rate is positive, a decay not negative")
    parameters = plan._match(model)
    chosen = {name for name, its in plan.items() if its.role is Role.HIDDEN and parameters[name].dim() == 2}
    if not chosen:
        raise SpecError("the plan has no hidden matrix, so nothing for Muon; at the base width pass delta_model to it")

    def rescaled(name: str, its: ParameterPlan) -> ParameterPlan:
        out, into = parameters[name].shape
        base = out / its.fan_out_multiplier, into / its.fan_in_multiplier
        goal = math.sqrt(its.fan_out_multiplier / its.fan_in_multiplier)
        rate = lr * goal * _adjusted(adjustment, *map(float, base)) / _adjusted(adjustment, out, into)
        values = {**its.__dict__, "lr": rate, "weight_decay": weight_decay * (lr / rate)}
        return ParameterPlan(**values)

    return MuonPlan(
        rule=plan.rule,
        exponents=plan.exponents,
        optimizer_name=plan.optimizer_name,
        momentum=plan.momentum,
        betas=plan.betas,
        parameters={name: rescaled(name, its) if name in chosen else its for name, its in plan.items()},
        matrices=frozenset(chosen),
        adjustment=adjustment,
        muon_momentum=momentum,
        nesterov=nesterov,
    )


def _adjusted(adjustment: Adjustment, out: float, into: float) -> float:
    """Return torch's factor of the rate for a matrix of this shape (torch.optim.Muon, adjust_lr_fn)."""
    if adjustment == "original":
        return math.sqrt(max(1.0, out / into))
    if adjustment == "spectral_unclamped":
        return math.sqrt(out / into)
    return 0.2 * math.sqrt(max(out, into))
