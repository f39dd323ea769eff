"""Floating-point operations of a training, counted on its model without computing anything: a cost on any machine."""

import json
import math
import statistics
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pandas as pd

from infwidth.data.drawn import images_in
from infwidth.data.registry import ImageFacts, dataset
from infwidth.data.streams import is_new_each_step
from infwidth.errors import SpecError
from infwidth.specs.block import read
from infwidth.specs.cells import Train
from infwidth.specs.data import Data, Images, Windows
from infwidth.specs.identity import from_canonical
from infwidth.specs.models import Model
from infwidth.training.losses import n_outputs
from infwidth.training.schedule import evaluation_steps


class Operations(NamedTuple):
    """Operations of a training cell; a product and a sum count one each. ``update`` is one step of one net."""

    update: float
    total: float


def count_operations(spec: Train) -> Operations:
    """Count a training cell's operations: its updates, the initial function f0 of centred nets, its evaluations.

    Only matrix products, convolutions and attention count, which are nearly all of it. An evaluation is one forward
    pass over the test set; what probes compute beyond that is left out. Data need not be there. Raises SpecError where
    only they tell how much there is to do.
    """
    training, data, batch = spec.training, spec.data, spec.training.batch_size
    input_shape, n_classes = shapes_of(data)
    n_test = _n_test(data)
    forward, backward = _passes(spec.model, (batch, *input_shape), n_outputs(training.loss, n_classes))
    new = is_new_each_step(training.stream, training.augmentation)
    update = forward + backward + (forward if training.centred and new else 0)
    evaluations = len(evaluation_steps(training.steps, training.evaluations, training.spacing))
    nets = len(spec.seeds) * len(spec.optimizer.lr)
    return Operations(update, nets * (training.steps * update + evaluations * n_test * forward / batch))


@cache
def _passes(model: Model, batch_shape: tuple[int, ...], outputs: int) -> tuple[int, int]:
    """Return the operations of a forward and of a backward pass of the model."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from infwidth.models import build_model
    from infwidth.models.shapes import shapes_only

    with shapes_only():
        net = build_model(model.model_dump(), batch_shape[1:], outputs)
        batch = torch.zeros(batch_shape, dtype=torch.long if len(batch_shape) == 2 else None)
    with FlopCounterMode(display=False) as forward:
        logits = net(batch)
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    return forward.get_total_flops(), backward.get_total_flops()


def shapes_of(data: Data) -> tuple[tuple[int, ...], int]:
    """Return the shape of one input of a training, images [C, H, W] or texts [T], and the number of classes.

    The data need not be there. Raises SpecError for what only the data tell, the number of words of a text.
    """
    if isinstance(data, Windows):
        if data.vocabulary_size is None:
            raise SpecError(f"how many words '{data.name}' has only the data tell; give data.vocabulary_size")
        return (data.context,), data.vocabulary_size
    assert isinstance(data, Images), "a training takes windows of text or images"
    facts = _facts(data)
    side = data.image_size or facts.side
    width = side if data.draws is None else images_in(data.draws.label) * side
    return (facts.channels, side, width), facts.n_classes if data.classes is None else len(data.classes)


def _n_test(data: Data) -> int:
    if isinstance(data, Windows):
        if data.test_windows is None:
            raise SpecError(f"how many windows '{data.name}' has only the data tell; give data.test_windows")
        return data.test_windows
    assert isinstance(data, Images), "a training takes windows of text or images"
    return data.test_size or _facts(data).n_test


def _facts(data: Images) -> ImageFacts:
    facts = dataset(data.name).images
    assert facts is not None, f"a training on '{data.name}', which is neither text nor images"
    return facts


class Timed(NamedTuple):
    """A training that was run: its model's name, its operations, its CPU seconds."""

    model: str
    operations: Operations
    seconds: float


def counted(spec: Train) -> Operations | None:
    """Return :func:`count_operations`; None where only the data tell."""
    try:
        return count_operations(spec)
    except SpecError:
        return None


def timed_trainings(provenance: pd.DataFrame) -> list[Timed]:
    """Return the CPU trainings among published cells, with their operations, where the specs tell them."""
    on_cpu = provenance[provenance["device"] == "cpu"]
    timed = []
    for name, text, seconds in zip(on_cpu["cell"], on_cpu["spec"], on_cpu["cpu_seconds"], strict=True):
        document = from_canonical(json.loads(text))
        if document["kind"] == "train":
            spec = read(Train, document, where=f"published cell {name}")
            if operations := counted(spec):
                timed.append(Timed(spec.model.name, operations, seconds))
    return timed


def estimated_seconds(model: str, operations: Operations, timed: Sequence[Timed]) -> float:
    """Return what a training may take on one core, at the median speed of the five most alike that were timed.

    Alike is the same model, then a near number of operations an update: small updates are bound by what does not count
    as an operation. The median, because nets that diverged stopped early and look fast. NaN if none was timed.
    """

    def unlikeness(run: Timed) -> tuple[bool, float]:
        return run.model != model, abs(math.log(run.operations.update / operations.update))

    alike = sorted(timed, key=unlikeness)[:5]
    speeds = [run.seconds / run.operations.total for run in alike]
    return operations.total * statistics.median(speeds) if speeds else math.nan
