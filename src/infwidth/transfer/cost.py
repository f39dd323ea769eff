"""What a study costs before it runs: operations counted on its models, and seconds of a step on this machine."""

import time
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from infwidth.parametrization.watching import called
from infwidth.transfer.study import Shape, TransferStudy

#: Steps that are timed, of which the fastest counts: others wait for what else the machine does.
_TIMED = 3


class Cost(NamedTuple):
    """``nets`` trainings of a size: operations (a product and a sum count one each) and seconds of all of them."""

    shape: Shape
    nets: int
    operations: float
    seconds: float


def cost_of(study: TransferStudy) -> list[Cost]:
    """Count a step of a net of every size, matrix products, convolutions and attention, and time a few steps."""
    nets = len(study.rates) * study.seeds
    return [Cost(shape, nets, *(nets * study.steps * x for x in _step(study, shape))) for shape in study.shapes]


def _step(study: TransferStudy, shape: Shape) -> tuple[float, float]:
    with torch.random.fork_rng():
        model = study.built(shape)
        plan = study.plan(model, shape, study.rates[0])
        plan.init_(model, 0)
        optimizer, batches = plan.optimizer(model), study.batches(0)

        def step() -> None:
            inputs, targets = next(batches)
            optimizer.zero_grad()
            study.loss(called(model, inputs), targets).backward()
            optimizer.step()

        with FlopCounterMode(display=False) as counter:
            step()
        seconds = []
        for _ in range(_TIMED):
            started = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - started)
        return float(counter.get_total_flops()), min(seconds)


def described(costs: list[Cost]) -> str:
    """Return the cost in one line a size, and all of it."""
    lines = [
        f"width {cost.shape.width:<6}"
        + (f"depth {cost.shape.depth:<5}" if cost.shape.depth is not None else "")
        + f"{cost.nets} nets  {cost.operations:9.2e} operations  about {_duration(cost.seconds)}"
        for cost in costs
    ]
    total = sum(cost.operations for cost in costs), sum(cost.seconds for cost in costs)
    lines.append(f"in all {total[0]:.2e} operations, about {_duration(total[1])} on this machine")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
