"""From microsoft/mup to a plan: its base-shapes file in, a plan of the plain model out.

A file of ``mup.save_base_shapes`` holds for each parameter its base dimensions, None where a dimension does not grow:

    fc1.weight: [64, null]

The plan has mup's scaling with its multipliers absorbed. There, the readout starts with a variance of order one and its
output is multiplied by 1/width_mult (``MuReadout``); here its weight starts that much smaller, and learns that much
more slowly: the same training (Yang et al. 2022, Lemma J.1 and Tables 3 and 8). The model is to be the plain one, with
``nn.Linear`` in the place of ``MuReadout`` and no call of ``mup.init``; and its learning rate is what it was.
"""

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization.plan import Plan, parametrize
from infwidth.parametrization.roles import unwrapped

BaseShapes = Mapping[str, tuple[int | None, ...]]


def read_base_shapes(path: Path | str) -> BaseShapes:
    """Read a base-shapes file of microsoft/mup (plain YAML; nothing in it is run). Raises SpecError."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: no base shapes can be read from it ({error})") from error
    if not isinstance(document, dict) or not document:
        raise SpecError(f"{path}: not a base-shapes file, which maps names of parameters to lists of dimensions")
    shapes: dict[str, tuple[int | None, ...]] = {}
    for name, dims in document.items():
        if not isinstance(dims, list) or any(d is not None and (not isinstance(d, int) or d < 1) for d in dims):
            raise SpecError(f"{path}: {name}: {dims!r} is no list of dimensions, whole numbers or null")
        shapes[str(name)] = tuple(dims)
    return shapes


def plan_of_base_shapes(model: nn.Module, shapes: BaseShapes, **options: Any) -> Plan:
    """Return the μP plan of ``model`` against these base shapes; ``options`` are those of :func:`parametrize`.

    Raises SpecError where names or numbers of dimensions do not fit the model.
    """
    model = unwrapped(model)
    ours = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    if strangers := sorted(ours.keys() ^ shapes.keys()):
        raise SpecError(f"model and base shapes differ in their parameters: {', '.join(strangers)} only in one of them")
    for name, shape in ours.items():
        base = shapes[name]
        if len(base) != len(shape):
            raise SpecError(f"{name} is {list(shape)} in the model and {list(base)} in the base shapes")
    return parametrize(
        model,
        _stand_in(model, shapes, lambda size, base: size if base is None else base),
        "mup",
        delta_model=_stand_in(model, shapes, lambda size, base: size if base is None else 2 * base),
        **options,
    )


def _stand_in(model: nn.Module, shapes: BaseShapes, size_of: Callable[[int, int | None], int]) -> nn.Module:
    """Return a copy of the model without values whose parameters have other shapes: shapes are all a base is for."""
    memo: dict[int, Any] = {}
    for name, parameter in model.named_parameters():
        sizes = [size_of(size, base) for size, base in zip(parameter.shape, shapes[name], strict=True)]
        empty = torch.empty(sizes, dtype=parameter.dtype, device="meta")
        memo[id(parameter)] = nn.Parameter(empty, requires_grad=parameter.requires_grad)
    for buffer in model.buffers():
        memo[id(buffer)] = buffer
    return copy.deepcopy(model, memo)
