"""Width parametrizations: exact exponents, their gauge and their limits, and what they mean for a torch model.

The exact part (exponents, gauge, classification, derivation) does not import torch; the rest is loaded when asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from infwidth.parametrization.classify import Classification, classify
from infwidth.parametrization.exponents import GAUGES, RULES, exponents
from infwidth.parametrization.gauge import ABC, Layer, NativeExponents, rescale, transform
from infwidth.parametrization.solver import LayerScaling, explain, solve

if TYPE_CHECKING:
    from infwidth.parametrization.coordinates import CoordinateCheck, coordinate_check
    from infwidth.parametrization.depth import scale_with_depth
    from infwidth.parametrization.depth_rules import scale_branches
    from infwidth.parametrization.multipliers import write_multipliers_
    from infwidth.parametrization.muon import with_muon
    from infwidth.parametrization.mup_shapes import plan_of_base_shapes, read_base_shapes
    from infwidth.parametrization.plan import ParameterPlan, Plan, parametrize
    from infwidth.parametrization.plan_file import load_plan, save_plan
    from infwidth.parametrization.roles import ParameterRole, Role, find_roles

_NEEDS_TORCH = {
    "CoordinateCheck": "coordinates",
    "ParameterPlan": "plan",
    "ParameterRole": "roles",
    "Plan": "plan",
    "Role": "roles",
    "coordinate_check": "coordinates",
    "find_roles": "roles",
    "load_plan": "plan_file",
    "parametrize": "plan",
    "plan_of_base_shapes": "mup_shapes",
    "read_base_shapes": "mup_shapes",
    "save_plan": "plan_file",
    "scale_branches": "depth_rules",
    "scale_with_depth": "depth",
    "with_muon": "muon",
    "write_multipliers_": "multipliers",
}

__all__ = [
    "ABC",
    "GAUGES",
    "RULES",
    "Classification",
    "CoordinateCheck",
    "Layer",
    "LayerScaling",
    "NativeExponents",
    "ParameterPlan",
    "ParameterRole",
    "Plan",
    "Role",
    "classify",
    "coordinate_check",
    "explain",
    "exponents",
    "find_roles",
    "load_plan",
    "parametrize",
    "plan_of_base_shapes",
    "read_base_shapes",
    "rescale",
    "save_plan",
    "scale_branches",
    "scale_with_depth",
    "solve",
    "transform",
    "with_muon",
    "write_multipliers_",
]


def __getattr__(name: str) -> object:
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_NEEDS_TORCH[name]}"), name)
