"""How the nets of a cell are trained: one after the other, or many at once as one stack of weights.

Both ways give the same numbers to rounding; which one it was is the column ``execution`` of the provenance.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

import torch

from infwidth.errors import SpecError
from infwidth.training.loop import Loop, Net
from infwidth.training.problem import Problem
from infwidth.training.updates import Single

Execution = Literal["loop", "stacked", "stacked_graphed"]
Asked = Literal["auto", Execution]

#: A stack holds so many nets, or fewer if their parameters are more bytes; gradients and moments come on top.
LARGEST_STACK, STACKED_BYTES = 64, 2**31


def execution_of(asked: Asked, device: torch.device, n_nets: int) -> Execution:
    """Return how to train ``n_nets``: as asked, or for "auto" stacked on a GPU, in a loop on a CPU or for one net.

    "stacked_graphed" replays a step from a CUDA graph. On a CPU a stack of 16 nets is 2 to 3 times as fast as the loop
    for MLPs up to width 64 and convolutional nets of width 8, and 1.5 times for transformers; it is slower where single
    nets are wide, MLPs from width 256 and convolutional nets from 64 on (benchmarks/README.md). A CPU loops
    nevertheless, unless asked: published numbers do not change with what else is in a cell. Raises SpecError for a CUDA
    graph without a GPU.
    """
    if asked == "stacked_graphed" and device.type != "cuda":
        raise SpecError("execution 'stacked_graphed' needs a GPU, and the device is a CPU: choose auto or stacked")
    if asked != "auto":
        return asked
    return "stacked" if device.type == "cuda" and n_nets > 1 else "loop"


def loops(problem: Problem, nets: Sequence[Net], execution: Execution) -> Iterator[Loop]:
    """Yield the loops that train all nets."""
    if execution == "loop":
        for net in nets:
            yield Loop(problem, [net], Single)
        return
    from infwidth.training.stack import Stack

    size = max(1, min(LARGEST_STACK, STACKED_BYTES // problem.bytes_of_a_net()))
    for first in range(0, len(nets), size):
        yield Loop(problem, nets[first : first + size], partial(Stack, graphed=execution == "stacked_graphed"))
