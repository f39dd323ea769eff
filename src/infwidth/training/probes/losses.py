"""Probes of the outputs of one net: losses, accuracy, single logits, their size."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import torch

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import examples
from infwidth.training.probes.base import Probe


class Losses(Probe):
    """Loss and accuracy on the test set, loss on a fixed part of the training set of the same size.

    Args:
        train: whether to measure the latter; on a stream in which no example comes twice it is another test loss.
        parts: at the last evaluation also the loss on so many equal parts of the test set, which tells how much of
            what is measured is the chance of its examples.
    """

    name = "losses"

    def __init__(self, *, train: bool = True, parts: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.train, self.parts = train, parts

    def start(self, evaluation: Evaluation) -> None:
        """Raise SpecError where there are fewer test examples than parts, before anything is trained."""
        if self.parts and self.parts > (n := len(evaluation.data.x_test)):
            raise SpecError(f"probe {self.name}: {self.parts} parts of {n} test examples; take fewer parts")

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``test_loss``, ``test_accuracy``, ``train_loss`` and ``test_loss_of_part`` (index: the part)."""
        data, step, n = evaluation.data, evaluation.step, len(evaluation.data.x_test)
        if evaluation.of_text:  # logits of all windows at once would not fit into memory
            test_parts = evaluation.parts(examples(data, "test", slice(None)))
        else:
            test_parts = iter([(evaluation.test_outputs, data.y_test)])
        test_loss, test_accuracy = _means(evaluation, test_parts)
        rows.add(step, "test_loss", test_loss)
        rows.add(step, "test_accuracy", test_accuracy)
        if self.train:
            train = evaluation.parts(examples(data, "train", slice(0, n)))
            rows.add(step, "train_loss", _means(evaluation, train)[0])
        if evaluation.last and self.parts:
            ends = [n * number // self.parts for number in range(self.parts + 1)]
            slices = (slice(start, end) for start, end in pairwise(ends))
            of_parts = [_means(evaluation, evaluation.parts(examples(data, "test", part)))[0] for part in slices]
            rows.add(step, "test_loss_of_part", of_parts)


def _means(evaluation: Evaluation, parts: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> tuple[float, float]:
    """Return loss and accuracy over all parts."""
    sizes, losses, accuracies = [], [], []
    for outputs, labels in parts:
        sizes.append(len(labels))
        losses.append(evaluation.loss(outputs, labels).item())
        accuracies.append(accuracy(outputs, labels))
    shares = [size / sum(sizes) for size in sizes]
    return (
        sum(share * loss for share, loss in zip(shares, losses, strict=True)),
        sum(share * value for share, value in zip(shares, accuracies, strict=True)),
    )


def accuracy(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of right answers: the largest logit [..., k], or of one output the sign (positive: class 1)."""
    answers = (outputs[..., 0] > 0).to(labels.dtype) if outputs.shape[-1] == 1 else outputs.argmax(-1)
    return (answers == labels).double().mean().item()


def centred(logits: torch.Tensor) -> torch.Tensor:
    """Return logits [..., k] less their mean over the outputs; of one output as they are."""
    return logits - logits.mean(-1, keepdim=True) if logits.shape[-1] > 1 else logits


class Logits(Probe):
    """Logits of a few chosen test points (the first of them), less the mean over the outputs of each.

    What is added to all outputs changes no probability, and the cross-entropy never trains it.
    """

    name = "logits"

    def __init__(self, *, points: int, **common: Any) -> None:
        super().__init__(**common)
        self.points = points

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``correct_logit`` of each point: of windows the next word's at the last place, of one output y·f."""
        outputs, labels = evaluation.first_test_outputs(self.points), evaluation.data.y_test[: self.points].long()
        if evaluation.of_text:
            outputs, labels = outputs[:, -1], labels[:, -1]
        if outputs.shape[-1] == 1:
            logits = outputs[:, 0] * (2 * labels - 1)
        else:
            logits = centred(outputs).gather(1, labels[:, None])[:, 0]
        rows.add(evaluation.step, "correct_logit", logits.tolist())


class OutputScale(Probe):
    """Root mean square of the outputs on the first batch."""

    name = "output_scale"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``output_scale``."""
        rows.add(evaluation.step, "output_scale", evaluation.batch_outputs.double().square().mean().sqrt().item())
