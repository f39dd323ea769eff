"""How a parameter starts: drawn by the plan, or left as its author set it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import torch
from torch import nn

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.layouts import Kind
from infwidth.parametrization.roles import ParameterRole, Role


def kept_starts(
    parameters: Mapping[str, nn.Parameter],
    roles: Mapping[str, ParameterRole],
    *,
    keep: str | Sequence[str],
    draw: str | Sequence[str],
    declared: Collection[str],
    first_names: Mapping[str, str],
) -> set[str]:
    """Return the names of the parameters that keep their start (see :func:`is_deliberate`, and lone numbers).

    ``keep`` and ``draw`` are names or patterns that say so where it cannot be told; any name of a tied parameter will
    do (``first_names``: see :func:`roles.first_names`). A matrix or table of zeros whose role was ``declared`` may be a
    start or only a place: SpecError asks, unless one of the two names it.
    """
    asked, drawn = _matching(keep, first_names, "keep"), _matching(draw, first_names, "draw")
    if both := asked & drawn:
        raise SpecError(f"{', '.join(sorted(both))}: named by keep and by draw; choose one")
    if frozen := sorted(name for name in drawn if not parameters[name].requires_grad):
        raise SpecError(f"draw names {', '.join(frozen)}, which is frozen (requires_grad is False); thaw it first")
    chosen = {name for name, parameter in parameters.items() if is_deliberate(parameter, roles[name].kind)}
    tables = {name for name in chosen & set(declared) if roles[name].kind in (Kind.MATRIX, Kind.EMBEDDING)}
    if unclear := sorted(name for name in tables - asked - drawn if parameters[name].requires_grad):
        raise SpecError(
            f"{', '.join(unclear)}: every entry is the same number. Is this the start that is meant, or only a place"
            f" for one? pass keep={unclear} or draw={unclear}"
        )
    lone = {name for name, its in parameters.items() if its.dim() == 0 and roles[name].role in (Role.SCALAR, None)}
    return (chosen | lone | asked) - drawn


@torch.no_grad()
def is_deliberate(parameter: torch.Tensor, kind: Kind) -> bool:
    """Return whether a parameter's values are a start that somebody chose, and no default or random draw.

    Frozen parameters are. So are entries that are all the same number, which is no draw: a matrix or table that starts
    at zero (LoRA's B, a zero-initialised branch), gains that are not 1 (a zero or small gain, PReLU's 0.25), shifts
    that are not 0 (a bias for rare classes). A single entry tells nothing of a draw, so there only a gain can be told.
    Parameters on the meta device have no values: only a frozen one is told there.
    """
    if not parameter.requires_grad:
        return True
    if parameter.is_meta or parameter.numel() == 0:
        return False
    first = parameter.flatten()[0]
    if not bool((parameter == first).all()):
        return False
    if kind is Kind.GAIN:
        return first.item() != 1.0
    if parameter.numel() == 1:
        return False
    return kind is not Kind.SHIFT or first.item() != 0.0


def _matching(patterns: str | Iterable[str], first_names: Mapping[str, str], argument: str) -> set[str]:
    """Return whose names match one of the ``patterns``, as of files; SpecError for a pattern that matches none."""
    found: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        fitting = {first for name, first in first_names.items() if fnmatchcase(name, pattern)}
        if not fitting:
            raise SpecError(
                f"{argument} names '{pattern}', which is no parameter of the model{nearest(pattern, first_names)}"
            )
        found |= fitting
    return found


def padding_rows(model: nn.Module) -> dict[str, set[int]]:
    """Return which rows of which parameters embeddings keep for padding: never trained, zero unless somebody set them.

    A table that several embeddings share has the rows of all of them.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rows: dict[str, set[int]] = {}
    for module in model.modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.padding_idx is not None:
            for parameter in module.parameters(recurse=False):
                rows.setdefault(names[id(parameter)], set()).add(module.padding_idx)
    return rows
