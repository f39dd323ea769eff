"""A plan as a JSON file, to be kept beside a checkpoint, read by another program, or compared with another plan."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from infwidth.errors import SpecError
from infwidth.files import write_text
from infwidth.parametrization.gauge import ABC
from infwidth.parametrization.muon import ADJUSTMENTS, MuonPlan
from infwidth.parametrization.plan import OPTIMIZERS, ParameterPlan, Plan
from infwidth.parametrization.roles import Role

#: The second holds what Muon trains, which the first lost.
_FORMAT = 2

_Name = TypeVar("_Name", bound=str)


def save_plan(plan: Plan, path: Path | str) -> None:
    """Write every number of a plan, Muon's too, as JSON: floats to the last bit and multipliers as exact fractions."""
    document: dict[str, Any] = {
        "format": _FORMAT,
        "rule": plan.rule,
        "exponents": {name: [str(x) for x in getattr(plan.exponents, name)] for name in "abc"},
        "optimizer": plan.optimizer_name,
        "momentum": plan.momentum,
        "betas": list(plan.betas),
        "parameters": {name: asdict(its) for name, its in plan.items()},
    }
    if isinstance(plan, MuonPlan):
        document["muon"] = {
            "matrices": sorted(plan.matrices),
            "adjustment": plan.adjustment,
            "momentum": plan.muon_momentum,
            "nesterov": plan.nesterov,
        }
    write_text(Path(path), json.dumps(document, indent=1, default=str) + "\n")


def load_plan(path: Path | str) -> Plan:
    """Read what :func:`save_plan` wrote; the plan is equal to the one that was saved. Raises SpecError."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: no plan can be read from it ({error}); save_plan writes one") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise SpecError(f"{path}: not a plan of format {_FORMAT}, which save_plan writes")
    try:
        first, second = (float(beta) for beta in document["betas"])
        plan = Plan(
            rule=str(document["rule"]),
            exponents=ABC(*(tuple(Fraction(x) for x in document["exponents"][name]) for name in "abc")),
            optimizer_name=_one_of(document["optimizer"], OPTIMIZERS, "optimizer"),
            momentum=float(document["momentum"]),
            betas=(first, second),
            parameters={name: _parameter(its) for name, its in document["parameters"].items()},
        )
        return plan if "muon" not in document else _with_muon(plan, document["muon"])
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise SpecError(f"{path}: not a whole plan ({type(error).__name__}: {error}); save it again") from error


def _with_muon(plan: Plan, its: Mapping[str, Any]) -> MuonPlan:
    if strangers := sorted(set(its["matrices"]) - set(plan)):
        raise ValueError(f"muon has {', '.join(strangers)}, no parameter of the plan")
    if not isinstance(its["nesterov"], bool):
        raise ValueError(f"nesterov is {its['nesterov']!r}")
    return MuonPlan(
        **plan.__dict__,
        matrices=frozenset(its["matrices"]),
        adjustment=_one_of(its["adjustment"], ADJUSTMENTS, "adjustment"),
        muon_momentum=float(its["momentum"]),
        nesterov=its["nesterov"],
    )


def _one_of(value: Any, known: Sequence[_Name], what: str) -> _Name:
    if value not in known:
        raise ValueError(f"{what} is {value!r}, none of {', '.join(known)}")
    return known[known.index(value)]


def _parameter(its: Mapping[str, Any]) -> ParameterPlan:
    names = [field.name for field in fields(ParameterPlan)]
    if set(its) != set(names):
        raise ValueError(f"a parameter has {', '.join(sorted(set(its) ^ set(names)))} missing or too many")
    numbers = {name: float(its[name]) for name in ("init_mean", "init_std", "lr", "weight_decay", "eps")}
    if not all(math.isfinite(x) for x in numbers.values()):
        raise ValueError("a number is not finite")
    if its["start"] not in ("drawn", "kept"):
        raise ValueError(f"start is {its['start']!r}")
    return ParameterPlan(
        role=None if its["role"] is None else Role(its["role"]),
        fan_in=int(its["fan_in"]),
        fan_in_multiplier=Fraction(its["fan_in_multiplier"]),
        fan_out_multiplier=Fraction(its["fan_out_multiplier"]),
        start=its["start"],
        **numbers,
    )
