"""How the nets of a cell are trained: one after the other, or many at once as one stack of weights.

Both ways give the same numbers to rounding; which one it was is the column ``execution`` of the provenance.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, get_args

import torch

from infwidth.training.loop import Loop, Net
from infwidth.training.problem import Problem
from infwidth.training.updates import Single

Execution = Literal["loop", "stacked", "stacked_graphed"]
EXECUTIONS: tuple[Execution, ...] = get_args(Execution)

#: A stack holds so many nets, or fewer if their parameters are more bytes; gradients and moments come on top.
LARGEST_STACK, STACKED_BYTES = 64, 2**31


def chosen_execution(device: torch.device, n_nets: int) -> Execution:
    """Return the execution where none is asked for: stacked for several nets on a GPU, else the loop."""
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
