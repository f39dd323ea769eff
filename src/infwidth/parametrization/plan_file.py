"""A plan as a JSON file, to be kept beside a checkpoint, read by another program, or compared with another plan."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from infwidth.errors import SpecError
from infwidth.files import write_text
from infwidth.parametrization.gauge import ABC
from infwidth.parametrization.plan import ParameterPlan, Plan
from infwidth.parametrization.roles import Role

_FORMAT = 1


def save_plan(plan: Plan, path: Path | str) -> None:
    """Write every number of a plan as JSON, floats to the last bit and multipliers as exact fractions."""
    document = {
        "format": _FORMAT,
        "rule": plan.rule,
        "exponents": {name: [str(x) for x in getattr(plan.exponents, name)] for name in "abc"},
        "optimizer": plan.optimizer_name,
        "momentum": plan.momentum,
        "betas": list(plan.betas),
        "parameters": {name: asdict(its) for name, its in plan.items()},
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
        return Plan(
            rule=str(document["rule"]),
            exponents=ABC(*(tuple(Fraction(x) for x in document["exponents"][name]) for name in "abc")),
            optimizer_name=str(document["optimizer"]),
            momentum=float(document["momentum"]),
            betas=(first, second),
            parameters={name: _parameter(its) for name, its in document["parameters"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise SpecError(f"{path}: not a whole plan ({type(error).__name__}: {error}); save it again") from error


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
