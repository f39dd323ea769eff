"""Neurons are exchangeable: a program that picks some of them by their index has no limit."""

import traceback
from collections.abc import Callable
from itertools import takewhile
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from infwidth.errors import SpecError

_PICKS = ("select", "slice", "index", "index_select", "gather", "unbind", "split", "split_with_sizes", "narrow")


class _Pick(NamedTuple):
    """One operation that takes a part of a tensor: its name, shapes before and after, and the line that asks for it."""

    name: str
    entering: tuple[int, ...]
    leaving: tuple[int, ...]
    line: str


class _Picks(TorchDispatchMode):
    """Writes down what takes a part of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Pick] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name in _PICKS:
            first = out[0] if isinstance(out, list | tuple) else out
            self.found.append(_Pick(name, tuple(args[0].shape), tuple(first.shape), _line()))
        return out


def _line() -> str:
    """Return the line of a model that is being computed, without those of torch."""
    frames = [f for f in traceback.extract_stack() if "/torch/" not in f.filename and f.filename != __file__]
    return f"{frames[-1].line} ({frames[-1].name})" if frames else ""


def check_exchangeable(build: Callable[[int], nn.Module], width: int, inputs: tuple[torch.Tensor, ...]) -> None:
    """Raise SpecError if ``build(n)`` picks a fixed number of neurons, by index, slice or mask, naming the line.

    The model is run at ``width`` and twice of it, on shapes alone: an axis that grows before the operation and not
    after it has lost neurons. What cannot be run on shapes alone is not judged.
    """
    traces = []
    try:
        for n in (width, 2 * width):
            with torch.device("meta"):
                net = build(n)
            net.to("meta")
            with torch.no_grad(), _Picks() as picks:
                net(*(x.to("meta") for x in inputs))
            traces.append(picks.found)
    except (RuntimeError, NotImplementedError):
        return
    pairs = zip(*traces, strict=False)
    for narrow, wide in takewhile(lambda pair: pair[0].name == pair[1].name, pairs):
        grows = [
            sum(a != b for a, b in zip(*shapes, strict=False)) for shapes in zip(narrow[1:3], wide[1:3], strict=True)
        ]
        if grows[1] < grows[0]:
            raise SpecError(
                f"the model takes some of its neurons by their index: {narrow.line} makes {list(narrow.leaving)} of"
                f" {list(narrow.entering)} at width {width}, and {list(wide.leaving)} of {list(wide.entering)} at twice"
                " of it. Neurons are exchangeable, and one by its index has no limit: read them out by"
                " weights (nn.Linear), or take parts that grow with the width"
            )
