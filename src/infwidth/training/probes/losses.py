"""Probes of the outputs of one net: losses, accuracy, single logits, their size."""

from collections.abc import Iterable
from typing import Any

import torch

from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import examples
from infwidth.training.probes.base import Probe


class Losses(Probe):
    """Loss and accuracy on the test set, loss on a fixed part of the training set of the same size."""

    name = "losses"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``test_loss``, ``test_accuracy`` and ``train_loss``."""
        data, step, n = evaluation.data, evaluation.step, len(evaluation.data.x_test)
        train = examples(data, "train", slice(0, n))
        if evaluation.of_text:  # logits of all windows at once would not fit into memory
            test_parts = evaluation.parts(examples(data, "test", slice(None)))
            train_parts: Iterable[tuple[torch.Tensor, torch.Tensor]] = evaluation.parts(train)
        else:
            test_parts = iter([(evaluation.test_outputs, data.y_test)])
            train_parts = [(evaluation.outputs(train), train.y)]
        test_loss, test_accuracy = _means(evaluation, test_parts)
        rows.add(step, "test_loss", test_loss)
        rows.add(step, "test_accuracy", test_accuracy)
        rows.add(step, "train_loss", _means(evaluation, train_parts)[0])


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


class Logits(Probe):
    """Logits of a few chosen test points (the first of them)."""

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
            logits = outputs.gather(1, labels[:, None])[:, 0]
        rows.add(evaluation.step, "correct_logit", logits.tolist())


class OutputScale(Probe):
    """Root mean square of the outputs on the first batch."""

    name = "output_scale"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``output_scale``."""
        rows.add(evaluation.step, "output_scale", evaluation.batch_outputs.double().square().mean().sqrt().item())
