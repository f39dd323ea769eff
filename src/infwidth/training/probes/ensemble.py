"""The probe of the ensemble of all seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional as F

from infwidth.data.load import Labelled
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.losses import Loss
from infwidth.training.probes.base import Probe, step_key, steps_of_all
from infwidth.training.probes.losses import accuracy

#: Logits of all seeds that are worked on at a time: some take a few copies in double precision (4 GiB in all).
HELD = 1 << 27


class Ensemble(Probe):
    """The ensemble of all seeds: loss of averaged logits and of averaged probabilities, variance of the logits."""

    name = "ensemble"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Keep the test logits of this step."""
        self.outputs[step_key(evaluation.step)] = evaluation.first_test_outputs(None).cpu()

    def combine(self, outputs: Sequence[Mapping[str, torch.Tensor]], data: Labelled, loss: Loss, rows: Rows) -> None:
        """Write rows at the steps that all seeds e = 1…E reached, f̄ being the average of the logits.

        - ``ensemble_loss``, ``ensemble_accuracy``: of f̄; ``ensemble_loss_probabilities``: of the averaged
          probabilities, where there is more than one output.
        - ``logit_variance``: over seeds (unbiased), averaged over examples and outputs.
        - One number a seed (``index``): ``single_loss``, of f_e; ``ensemble_loss_without``, of f̄ without e (the
          jackknife); ``logit_deviation``, the average of (f_e − f̄)²·E/(E − 1), whose mean is ``logit_variance``.

        All of these are means over examples, of which so many are taken at a time as memory holds.
        """
        labels = data.y_test.cpu().long()
        for key in steps_of_all(outputs):
            logits = [of_one[key] for of_one in outputs]
            size = max(1, HELD * len(labels) // (len(logits) * logits[0].numel()))
            total: dict[str, np.ndarray] = {}
            for start in range(0, len(labels), size):
                part = slice(start, start + size)
                of_part = _measures(torch.stack([of_one[part] for of_one in logits]), labels[part], loss)
                share = len(labels[part]) / len(labels)
                total = {name: total.get(name, 0.0) + share * np.asarray(value) for name, value in of_part.items()}
            for name, values in total.items():
                rows.add(int(key), name, values)


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
        measured["logit_variance"] = logits.double().var(0).mean().item()
        total = logits.double().sum(0)
        without = [((total - of_one) / (count - 1)).to(logits.dtype) for of_one in logits]
        measured["ensemble_loss_without"] = [loss(others, labels).item() for others in without]
        deviation = (logits.double() - total / count).square().flatten(1).mean(1) * (count / (count - 1))
        measured["logit_deviation"] = deviation.tolist()
    return measured
