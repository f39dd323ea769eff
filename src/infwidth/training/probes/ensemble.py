"""The probe of the ensemble of all seeds."""

from collections.abc import Mapping, Sequence

import torch
from torch.nn import functional as F

from infwidth.data.load import Labelled
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.losses import Loss
from infwidth.training.probes.base import Probe, step_key, steps_of_all
from infwidth.training.probes.losses import accuracy


class Ensemble(Probe):
    """The ensemble of all seeds: loss of averaged logits and of averaged probabilities, variance of the logits."""

    name = "ensemble"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Keep the test logits of this step."""
        self.state[step_key(evaluation.step)] = evaluation.first_test_outputs(None).cpu()

    def combine(self, states: Sequence[Mapping[str, torch.Tensor]], data: Labelled, loss: Loss, rows: Rows) -> None:
        """Write rows at the steps that all seeds e = 1…E reached, f̄ being the average of the logits.

        - ``ensemble_loss``, ``ensemble_accuracy``: of f̄; ``ensemble_loss_probabilities``: of the averaged
          probabilities, where there is more than one output.
        - ``logit_variance``: over seeds (unbiased), averaged over examples and outputs.
        - One number a seed (``index``): ``single_loss``, of f_e; ``ensemble_loss_without``, of f̄ without e (the
          jackknife); ``logit_deviation``, the average of (f_e − f̄)²·E/(E − 1), whose mean is ``logit_variance``.
        """
        labels, count = data.y_test.cpu().long(), len(states)
        for key in steps_of_all(states):
            logits, step = torch.stack([state[key] for state in states]), int(key)
            mean = logits.mean(0)
            rows.add(step, "ensemble_loss", loss(mean, labels).item())
            rows.add(step, "ensemble_accuracy", accuracy(mean, labels))
            rows.add(step, "single_loss", [loss(of_one, labels).item() for of_one in logits])
            if logits.shape[-1] > 1:
                probabilities = logits.double().softmax(-1).mean(0).flatten(0, -2)
                rows.add(step, "ensemble_loss_probabilities", F.nll_loss(probabilities.log(), labels.flatten()).item())
            if count > 1:
                rows.add(step, "logit_variance", logits.double().var(0).mean().item())
                total = logits.double().sum(0)
                without = [((total - of_one) / (count - 1)).to(logits.dtype) for of_one in logits]
                rows.add(step, "ensemble_loss_without", [loss(others, labels).item() for others in without])
                deviation = (logits.double() - total / count).square().flatten(1).mean(1) * (count / (count - 1))
                rows.add(step, "logit_deviation", deviation.tolist())
