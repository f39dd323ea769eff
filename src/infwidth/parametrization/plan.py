"""From a rule and a pair of models to numbers: the init, learning rate, weight decay and eps of every parameter."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import torch
from torch import nn

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.exponents import exponents
from infwidth.parametrization.gauge import ABC, lr_power
from infwidth.parametrization.layouts import Kind
from infwidth.parametrization.rationals import Rational
from infwidth.parametrization.readouts import chosen_readouts
from infwidth.parametrization.roles import ParameterRole, Role, find_roles, first_names, unwrapped
from infwidth.parametrization.starts import kept_starts, padding_rows
from infwidth.seeding import torch_stream

LayerLr = Literal["uniform", "variance"]
Start = Literal["drawn", "kept"]
OPTIMIZERS = ("sgd", "adam", "adamw")


@dataclass(frozen=True)
class ParameterPlan:
    """What happens to one parameter: entries start as N(init_mean, init_std²) and take steps of size ``lr``.

    ``role`` is None at base width if no other width was shown (see :func:`roles.find_roles`). ``weight_decay`` is the
    optimizer's own argument (added to the gradient by SGD, decoupled in AdamW); ``eps`` is Adam's. ``start`` is "kept"
    where the parameter stays as its author set it; ``init_mean`` and ``init_std`` are then what it would have been.
    """

    role: Role | None
    fan_in: int
    fan_in_multiplier: Fraction
    fan_out_multiplier: Fraction
    init_mean: float
    init_std: float
    lr: float
    weight_decay: float
    eps: float
    start: Start = "drawn"


@dataclass(frozen=True)
class Plan(Mapping[str, ParameterPlan]):
    """The parametrization of one model: a mapping from parameter name to :class:`ParameterPlan`.

    ``exponents`` are those of input, hidden and readout layer for ``optimizer_name``, in the rule's own gauge.
    """

    rule: str
    exponents: ABC
    optimizer_name: str
    momentum: float
    betas: tuple[float, float]
    parameters: Mapping[str, ParameterPlan]

    def __getitem__(self, name: str) -> ParameterPlan:
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    @torch.no_grad()
    def init_(self, model: nn.Module, seed: int) -> None:
        """Initialise the parameters of ``model`` in place, but for those whose start is kept.

        Each parameter has its own stream of chance, told by ``seed`` and its name, drawn in float64: parameters of
        equal name and shape get the same standard normal draws under every rule, gain and dtype (complex ones have
        normal parts of half the variance each). Buffers are left alone, rows that embeddings keep for padding stay as
        they are, and pruned entries stay pruned.
        """
        padding = padding_rows(unwrapped(model))
        for name, parameter in self._match(model).items():
            plan = self.parameters[name]
            if plan.start == "kept" or not parameter.requires_grad:  # also what was frozen since the plan was made
                continue
            rows = sorted(padding.get(name, ()))
            before = parameter[rows] if rows else None
            if plan.init_std == 0:
                parameter.fill_(plan.init_mean)
            else:
                dtype = torch.complex128 if parameter.is_complex() else torch.float64
                draws = torch.randn(
                    parameter.shape, generator=torch_stream("init", seed, name), dtype=dtype, device="cpu"
                )
                parameter.copy_(draws.mul_(plan.init_std).add_(plan.init_mean))
            if before is not None:
                parameter[rows] = before

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the torch optimizer over the trainable parameters, one group per distinct setting."""
        fields = ("lr", "weight_decay") if self.optimizer_name == "sgd" else ("lr", "weight_decay", "eps")
        merged: dict[tuple[float, ...], list[tuple[str, nn.Parameter]]] = {}
        for name, parameter in self._match(model).items():
            if parameter.requires_grad:
                setting = tuple(getattr(self.parameters[name], field) for field in fields)
                merged.setdefault(setting, []).append((name, parameter))
        groups: list[dict[str, Any]] = [
            {"params": members, **dict(zip(fields, setting, strict=True))} for setting, members in merged.items()
        ]
        if self.optimizer_name == "sgd":
            return torch.optim.SGD(groups, momentum=self.momentum)
        adam = torch.optim.AdamW if self.optimizer_name == "adamw" else torch.optim.Adam
        return adam(groups, betas=self.betas)

    def replace(self, name: str, **changes: Any) -> "Plan":
        """Return a plan in which the named parameter's fields are changed, for example ``lr`` (negative controls)."""
        if name not in self.parameters:
            raise SpecError(f"no parameter '{name}' in this plan{nearest(name, self.parameters)}")
        return replace(self, parameters={**self.parameters, name: replace(self.parameters[name], **changes)})

    def table(self) -> list[dict[str, str | int | float]]:
        """Return one row per parameter, for display; multipliers as numbers, an unknown role as ``"unknown"``."""
        return [
            {
                "parameter": name,
                "role": plan.role or "unknown",
                "fan_in": plan.fan_in,
                "fan_in_multiplier": float(plan.fan_in_multiplier),
                "fan_out_multiplier": float(plan.fan_out_multiplier),
                "start": plan.start,
                "init_std": plan.init_std,
                "lr": plan.lr,
                "weight_decay": plan.weight_decay,
                "eps": plan.eps,
            }
            for name, plan in self.parameters.items()
        ]

    def _match(self, model: nn.Module) -> dict[str, nn.Parameter]:
        parameters = dict(unwrapped(model).named_parameters())
        if parameters.keys() != self.parameters.keys():
            strangers = ", ".join(sorted(parameters.keys() ^ self.parameters.keys()))
            raise SpecError(
                f"the plan was made for another model: {strangers} only in one of the two; make a new plan"
                " (of a model in a wrapper that is not known here: make and use the plan before wrapping it)"
            )
        return parameters


def parametrize(
    model: nn.Module,
    base_model: nn.Module,
    rule: str,
    *,
    optimizer: str,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    eps: float = 1e-8,
    betas: tuple[float, float] = (0.9, 0.999),
    init_gain: float = 1.0,
    readout_scale: float = 1.0,
    zero_readout: bool = False,
    layer_lr: LayerLr = "uniform",
    roles: Mapping[str, str] | None = None,
    delta_model: nn.Module | None = None,
    tied_readout: str | None = None,
    readout: str | Sequence[str] | None = None,
    keep: str | Sequence[str] = (),
    draw: str | Sequence[str] = (),
    richness: Rational | None = None,
    allow_unstable: bool = False,
) -> Plan:
    """Return the plan of ``model`` under a rule of :func:`exponents`, equal to every other rule's at the base width.

    The model is left as it is: multipliers are absorbed, so that a rule is an init std and a learning rate for each
    parameter (Yang et al. 2022, Table 3 for ``mup``; the STP gauge of Karkada 2024).

    At the base width (all dimensions as in ``base_model``)
      a weight matrix starts as N(0, init_gain²/fan_in), the readout times ``readout_scale`` (``zero_readout``: 0);
      embeddings N(0, 1), biases 0, norm gains 1. ``layer_lr="uniform"``: every parameter learns at ``lr``.
      ``layer_lr="variance"``: a matrix of std s learns at lr·s² under SGD, lr·s under Adam (with eps/s), which is ONE
      learning rate for unit-variance weights with forward multipliers s (the NTK and mean-field convention: Jacot et
      al. 2018; Karkada's rescaling gauge; the gamma form of Bordelon & Pehlevan, gamma = 1/readout_scale). Biases,
      norms and embeddings learn at ``lr`` as it is, and s is the readout's before ``zero_readout``.

    Away from it, with fan-in multiplier m and fan-out multiplier k of each parameter
      (s0, e0, h0: exponents of readout std and of input and hidden learning rate, multipliers absorbed), a hidden
      matrix keeps std ∝ fan_in^-1/2 and learns at m^-h0 (k/m)^-e0, which for ``mup`` with SGD is k/m; readout std
      scales by m^-s0; input weights, biases, norms and embeddings learn at k^-e0, in every rule. A base of width 1
      gives the absolute rule with m = n.

    ``weight_decay`` keeps its product with the learning rate at lr·weight_decay, as every gauge does; it is refused for
    ``adam``, where decay is normalised with the gradient and no scaling keeps its strength ("incompatible with muP
    Adam", Yang et al. 2022): use ``adamw``. ``eps`` follows the size of the gradient: it scales by k^-g, g being the
    smaller of the readout's std and learning-rate exponents, and for the readout, whose gradient is of order one, not.

    ``roles``, ``delta_model`` and ``tied_readout`` are those of :func:`roles.find_roles`; pass ``delta_model`` (another
    width) always if the sweep includes the base width. ``readout_scale`` and ``zero_readout`` need it there, because
    the readout is found by its shape. They touch the model's output only: every other matrix that is wide in its fan-in
    only (a bottleneck, LoRA's A) has a readout's scale and is not zeroed; ``readout`` names the output, or several,
    where order and shapes do not show it.

    Starts that somebody chose are kept: frozen parameters, scalars, and what :func:`starts.is_deliberate` recognises in
    ``model`` (LoRA's zeros, PReLU's 0.25, a zero gain). ``keep`` names others, pretrained tables for instance, and
    ``draw`` those that the plan shall draw all the same, by name or pattern (``"blocks.*.scale"``). A parameter with
    a role in ``roles`` that is a matrix or table of zeros has to be named by one of them. Learning rates scale as the
    roles say, whatever the start. Raises SpecError.
    """
    _check_numbers(lr, momentum, weight_decay, eps, betas, init_gain, readout_scale)
    if optimizer not in OPTIMIZERS:
        raise SpecError(
            f"unknown optimizer '{optimizer}'; it is {', '.join(OPTIMIZERS)}{nearest(optimizer, OPTIMIZERS)}"
        )
    if optimizer == "adam" and weight_decay:
        raise SpecError(
            f"weight_decay {weight_decay} with adam: the decay is normalised with the gradient, so no width scaling"
            " keeps its strength; use optimizer='adamw' (decoupled)"
        )
    if optimizer != "sgd" and momentum:
        raise SpecError(f"momentum {momentum} belongs to sgd; for {optimizer} set betas")
    if layer_lr not in ("uniform", "variance"):
        raise SpecError(f"layer_lr is '{layer_lr}'; it is uniform or variance")
    family = "sgd" if optimizer == "sgd" else "adam"
    abc = exponents(rule, 2, optimizer=family, richness=richness, allow_unstable=allow_unstable)
    found = find_roles(model, base_model, delta_model=delta_model, declared=roles, tied_readout=tied_readout)
    parameters = dict(unwrapped(model).named_parameters())
    first = first_names(model)
    scaled: set[str] = set()
    if zero_readout or readout_scale != 1.0 or readout is not None:
        named = [readout] if isinstance(readout, str) else readout
        scaled = chosen_readouts(
            found,
            {name: p.numel() // found[name].fan_in for name, p in parameters.items()},
            None if named is None else [first.get(name, name) for name in named],
        )
    declared = {first[name] for name in roles or {}}
    kept = kept_starts(parameters, found, keep=keep, draw=draw, declared=declared, first_names=first)

    native = abc.native(family)
    gradient = min(native.std[-1], native.lr[-1])
    half = Fraction(1, 2)

    def plan(name: str, role: ParameterRole) -> ParameterPlan:
        m, k = role.fan_in_multiplier, role.fan_out_multiplier
        is_output_like = role.role is Role.OUTPUT
        std = {Kind.MATRIX: init_gain / math.sqrt(role.fan_in), Kind.EMBEDDING: 1.0}.get(role.kind, 0.0)
        rate, its_eps = lr, eps
        if name in scaled:
            std *= readout_scale
        if layer_lr == "variance" and role.kind is Kind.MATRIX:
            base_std = std * math.sqrt(m)
            rate *= base_std ** lr_power(family)
            its_eps /= base_std
        if is_output_like:
            std *= _power(m, native.std[-1] - half)
            rate *= _power(m, native.lr[-1])
        else:
            std *= _power(m, native.std[1] - half)
            rate *= _power(m, native.lr[1]) * _power(k / m, native.lr[0])
            its_eps *= _power(k, gradient)
        return ParameterPlan(
            role=role.role,
            fan_in=role.fan_in,
            fan_in_multiplier=m,
            fan_out_multiplier=k,
            init_mean=1.0 if role.kind is Kind.GAIN else 0.0,
            init_std=0.0 if name in scaled and zero_readout else std,
            lr=rate,
            weight_decay=weight_decay * (lr / rate),
            eps=its_eps,
            start="kept" if name in kept else "drawn",
        )

    return Plan(
        rule=rule,
        exponents=abc,
        optimizer_name=optimizer,
        momentum=momentum,
        betas=betas,
        parameters={name: plan(name, role) for name, role in found.items()},
    )


def _power(multiplier: Fraction, exponent: Fraction) -> float:
    """Return multiplier^-exponent; exactly 1.0 at the base width, where all rules must agree bit for bit."""
    return float(multiplier) ** float(-exponent)


def _check_numbers(
    lr: float,
    momentum: float,
    weight_decay: float,
    eps: float,
    betas: tuple[float, float],
    init_gain: float,
    readout_scale: float,
) -> None:
    numbers = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "eps": eps, "init_gain": init_gain}
    for name, value in {**numbers, "readout_scale": readout_scale}.items():
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            raise SpecError(f"{name} is {value!r}, which is no number")
    positive = {"lr": lr, "init_gain": init_gain, "readout_scale": readout_scale}
    for name, value in positive.items():
        if not (math.isfinite(value) and value > 0):
            hint = "; for a readout that starts at zero pass zero_readout=True" if name == "readout_scale" else ""
            raise SpecError(f"{name} is {value}; it must be a positive number{hint}")
    for name, value in {"weight_decay": weight_decay, "eps": eps}.items():
        if not (math.isfinite(value) and value >= 0):
            raise SpecError(f"{name} is {value}; it must be zero or a positive number")
    for name, value in {"momentum": momentum, "betas[0]": betas[0], "betas[1]": betas[1]}.items():
        if not 0 <= value < 1:
            raise SpecError(f"{name} is {value}; it must be at least 0 and below 1")
