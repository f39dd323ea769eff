"""The probe of the ensemble of all seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from infwidth.data.load import Labelled
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.losses import Loss
from infwidth.training.probes.base import Probe, step_key, steps_of_all
from infwidth.training.probes.losses import accuracy, centred

#: Logits of all seeds that are worked on at a time: some take a few copies in double precision (4 GiB in all).
HELD = 1 << 27
#: The metric whose index is the size of an ensemble.
_BY_SIZE = "ensemble_loss_of"


class Ensemble(Probe):
    """The ensemble of all seeds on the first ``points`` test examples (all by default): its losses, its variance.

    Logits are centred over the outputs of an example before their variance is taken: a number added to all of them
    changes no probability, and no gradient of the cross-entropy ever moves it.
    """

    name = "ensemble"

    def __init__(self, *, points: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.points = points

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Keep the test logits of this step."""
        self.outputs[step_key(evaluation.step)] = evaluation.first_test_outputs(self.points).cpu()

    def combine(self, outputs: Sequence[Mapping[str, torch.Tensor]], data: Labelled, loss: Loss, rows: Rows) -> None:
        """Write rows at the steps that all seeds e = 1…E reached, f̄ being the average of the logits.

        - ``ensemble_loss``, ``ensemble_accuracy``: of f̄; ``ensemble_loss_probabilities``: of the averaged
          probabilities, where there is more than one output.
        - ``logit_variance``: over seeds (unbiased), of the centred logits, averaged over examples and outputs;
          ``ensemble_square``: the average of the centred f̄², less what the variance of E nets adds to it.
        - One number a seed (``index``): ``single_loss``, of f_e; ``ensemble_loss_without``, of f̄ without e (the
          jackknife); ``logit_deviation``, the average of (f_e − f̄)²·E/(E − 1), whose mean is ``logit_variance``.
        - At the last of these steps one number a size (``index``): ``ensemble_loss_of``, of ensembles of 1 … E nets,
          averaged over the E runs of neighbours in the circle of seeds.

        All of these are means over examples, of which so many are taken at a time as memory holds.
        """
        labels, steps = data.y_test[: self.points].cpu().long(), steps_of_all(outputs)
        for key in steps:
            logits = [of_one[key] for of_one in outputs]
            size = max(1, HELD * len(labels) // (len(logits) * logits[0].numel()))
            total: dict[str, np.ndarray] = {}
            for start in range(0, len(labels), size):
                part = slice(start, start + size)
                stack = torch.stack([of_one[part] for of_one in logits])
                of_part = _measures(stack, labels[part], loss)
                if key == steps[-1]:
                    of_part[_BY_SIZE] = _losses_by_size(stack, labels[part], loss)
                share = len(labels[part]) / len(labels)
                total = {name: total.get(name, 0.0) + share * np.asarray(value) for name, value in of_part.items()}
            for name, values in total.items():
                rows.add(int(key), name, values, index=range(1, len(values) + 1) if name == _BY_SIZE else None)


def _measures(logits: torch.Tensor, labels: torch.Tensor, loss: Loss) -> dict[str, float | list[float]]:
    """Return what :meth:`Ensemble.combine` writes, of logits [E, P, …, k] and labels [P, …]."""
    count, mean = len(logits), logits.mean(0)
    measured: dict[str, float | list[float]] = {
        "ensemble_loss": loss(mean, labels).item(),
        "ensemble_accuracy": accuracy(mean, labels),
        "single_loss": [loss(of_one, labels).item() for of_one in logits],
    }
    if logits.shape[-1] > 1:
        probabilities = logits.double().softmax(-1).mean(0).flatten(0, -2)
        measured["ensemble_loss_probabilities"] = F.nll_loss(probabilities.log(), labels.flatten()).item()
    if count > 1:
        total = logits.double().sum(0)
        without = [((total - of_one) / (count - 1)).to(logits.dtype) for of_one in logits]
        measured["ensemble_loss_without"] = [loss(others, labels).item() for others in without]
        of_classes = centred(logits.double())
        average = of_classes.mean(0)
        deviation = (of_classes - average).square().flatten(1).mean(1) * (count / (count - 1))
        measured["logit_deviation"] = deviation.tolist()
        measured["logit_variance"] = deviation.mean().item()
        measured["ensemble_square"] = (average.square().mean() - deviation.mean() / count).item()
    return measured


def _losses_by_size(logits: torch.Tensor, labels: torch.Tensor, loss: Loss) -> list[float]:
    """Return the mean loss of the ensembles of 1 … E neighbours in the circle of nets, of logits [E, P, …, k]."""
    count, losses, total = len(logits), [], torch.zeros_like(logits)
    for size in range(1, count + 1):
        total = total + logits.roll(1 - size, 0)
        losses.append(sum(loss(of_one / size, labels).item() for of_one in total) / count)
    return losses
