"""What the learners of MAML have in common: tasks, losses, and the loop over epochs."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class TaskBatch(Protocol):
    """B tasks; examples are grouped by class, equally many of each, classes 0, 1, … in turn."""

    @property
    def support(self) -> Tensor:
        """Inputs [B, ways·shots, d] to adapt to."""

    @property
    def query(self) -> Tensor:
        """Inputs [B, ways·queries, d] on which the adapted net is judged."""

    @property
    def query_ids(self) -> Tensor:
        """Numbers int64 [B, ways·queries] that tell different query inputs apart."""

    @property
    def ways(self) -> int:
        """Number of classes of a task."""


class OuterStep(NamedTuple):
    """Mean query loss of the adapted nets before the step, and the norm G of the summed gradient before clipping."""

    loss: float
    gradient_norm: float


class Rates(NamedTuple):
    """Step sizes: ``outer`` is η, ``inner`` is ε, and ``clip`` is g, the largest norm of the summed gradient."""

    outer: float
    inner: float = 0.4
    clip: float = 0.5

    def clipped(self, norm: float) -> float:
        """Return ρ η, the step size for a summed gradient of norm ``norm``."""
        return self.outer * min(1.0, self.clip / norm) if norm > 0 else self.outer


class Learner(Protocol):
    """A net, or a function in a kernel's space, that adapts to tasks and learns from how well it did."""

    rates: Rates

    def query_outputs(self, tasks: TaskBatch, steps: int) -> Tensor:
        """Return the outputs [B, Q, ways] on the query sets after ``steps`` steps of adaptation, and forget these."""

    def outer_step(self, tasks: TaskBatch) -> OuterStep:
        """Adapt by one step to each task, and move by the clipped sum of the tasks' first-order gradients."""

    def state(self) -> Any:
        """Return a copy of what has been learned."""

    def load(self, state: Any) -> None:
        """Take back what :meth:`state` returned."""


def labels(inputs: Tensor, ways: int) -> Tensor:
    """Return the labels int64 [B, N] of ``inputs`` [B, N, …]: those of class 0 first, then of class 1, …"""
    n = inputs.shape[1]
    return torch.arange(ways, device=inputs.device).repeat_interleave(n // ways).expand(inputs.shape[0], n)


def errors(outputs: Tensor, of: Tensor) -> Tensor:
    """Return χ [B, N, ways], the derivative of each task's mean cross-entropy by its outputs; ``of`` are labels."""
    return (outputs.softmax(-1) - F.one_hot(of, outputs.shape[-1])) / outputs.shape[1]


def query_loss(outputs: Tensor, ways: int) -> float:
    """Return the mean cross-entropy over all tasks of their query sets."""
    return float(F.cross_entropy(outputs.flatten(0, 1), labels(outputs, ways).flatten()))


class History(NamedTuple):
    """What a run of MAML leaves; lists have one entry an epoch.

    ``train_loss``: mean query loss after one step of adaptation, over the epoch's tasks. ``clipped``: share of outer
    steps whose gradient was clipped. ``validation_accuracy`` in [0, 1] after one step of adaptation. ``best_epoch``:
    that of the best validation accuracy (the first such), counted from 1, whose parameters have ``test_accuracy``.
    """

    train_loss: list[float]
    clipped: list[float]
    validation_accuracy: list[float]
    best_epoch: int
    test_accuracy: float


def accuracy(learner: Learner, tasks: Callable[[int], TaskBatch], n_batches: int, steps: int) -> float:
    """Return the share of query examples classified rightly after ``steps`` steps, over batches 0, …, n_batches - 1."""
    right = total = 0
    for number in range(n_batches):
        batch = tasks(number)
        outputs = learner.query_outputs(batch, steps)
        right += int((outputs.argmax(-1) == labels(outputs, batch.ways)).sum())
        total += outputs.shape[0] * outputs.shape[1]
    return right / total


def meta_train(
    learner: Learner,
    train: Callable[[int], TaskBatch],
    validation: Callable[[int], TaskBatch],
    test: Callable[[int], TaskBatch],
    *,
    epochs: int,
    batches_per_epoch: int,
    validation_batches: int,
    test_batches: int,
    test_steps: int,
) -> History:
    """Train ``learner``, keep its best epoch by validation accuracy, and test that one.

    ``train``, ``validation`` and ``test`` return the batch of tasks of a number 0, 1, …; validation meets the same
    tasks after every epoch. Adaptation takes one step but in the test, where it takes ``test_steps``.
    """
    losses, clipped, accuracies = [], [], []
    best = learner.state()
    for epoch in range(epochs):
        first = epoch * batches_per_epoch
        steps = [learner.outer_step(train(number)) for number in range(first, first + batches_per_epoch)]
        losses.append(sum(step.loss for step in steps) / len(steps))
        clipped.append(sum(step.gradient_norm > learner.rates.clip for step in steps) / len(steps))
        accuracies.append(accuracy(learner, validation, validation_batches, steps=1))
        if accuracies[-1] > max(accuracies[:-1], default=-1.0):
            best, best_epoch = learner.state(), epoch + 1
    learner.load(best)
    return History(losses, clipped, accuracies, best_epoch, accuracy(learner, test, test_batches, steps=test_steps))
