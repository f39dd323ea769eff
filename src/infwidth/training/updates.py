"""Optimizer updates without torch's compiler.

The first use of a torch optimizer imports all of ``torch._dynamo``, to mark its methods as not to be compiled. Nothing
is compiled here, and the import is half of the time that a small cell takes, so the marks are answered before it.
"""

import inspect
from collections.abc import Callable

import torch
from torch.optim import Optimizer


def keep_compiler_unloaded() -> None:
    """Make the construction of optimizers import no compiler.

    A marked method asks the compiler on its first call and keeps the answer, the method itself, in the attribute set
    here. Where a release of torch has no such mark this changes nothing.
    """
    for method in (Optimizer.add_param_group, Optimizer.zero_grad):
        marked = getattr(method, "__wrapped__", None)
        if marked is not None:
            setattr(marked, "__dynamo_disable", marked)


def update_of(optimizer: Optimizer) -> Callable[[], None]:
    """Return a function that does what ``optimizer.step()`` does: its rule, without profiler or compiler."""
    rule = inspect.unwrap(type(optimizer).step)

    def update() -> None:
        with torch.no_grad():
            rule(optimizer)

    return update
