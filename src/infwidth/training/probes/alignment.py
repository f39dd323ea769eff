"""The probe of the alignment between weights and the change of their input."""

from collections.abc import Collection

import torch
from torch import nn

from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.training.evaluation import Evaluation, recorded
from infwidth.training.probes.base import LayerProbe


class Alignment(LayerProbe):
    """How well the initial weights pass on the change of their input, on the first batch.

    For every linear layer whose input z is a representation: ‖W_0 Δz‖_F / (‖W_0‖_op ‖Δz‖_F) with Δz = z_t − z_0 over
    the batch; 1 if Δz lies along the leading singular vector of W_0 (Karkada 2024, the alignment behind criterion 2).
    """

    name = "alignment"

    def known_layers(self, evaluation: Evaluation) -> Collection[str]:
        """Return the names of the linear layers."""
        return _linear(evaluation)

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial weights, their operator norms and inputs."""
        super().start(evaluation)
        layers = self.chosen(_linear(evaluation))
        weights = {name: layer.weight.detach().double().clone() for name, layer in layers.items()}
        self.initial["weights"] = weights
        self.initial["operator_norms"] = {name: _operator_norm(weight) for name, weight in weights.items()}
        self.initial["inputs"] = self._inputs_of(evaluation)

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``alignment``, and as control ``alignment_random`` with a Gaussian in the place of Δz."""
        for name, now in self._inputs_of(evaluation).items():
            change = now - self.initial["inputs"][name]
            weight, operator_norm = self.initial["weights"][name], self.initial["operator_norms"][name]
            if not change.any():
                continue  # the images themselves, or step 0
            noise = torch.randn(change.shape, generator=torch_stream("evaluation", name), dtype=change.dtype)
            for metric, direction in (("alignment", change), ("alignment_random", noise.to(change.device))):
                passed = (direction @ weight.T).norm() / (operator_norm * direction.norm())
                rows.add(evaluation.step, metric, passed.item(), layer=name)

    def _inputs_of(self, evaluation: Evaluation) -> dict[str, torch.Tensor]:
        """Inputs of the linear layers on the first batch [P, …, fan-in], in float64."""
        with torch.no_grad(), recorded(self.chosen(_linear(evaluation)), inputs=True) as inputs:
            evaluation.member.model(evaluation.batch.x)
        return {name: z.double() for name, z in inputs.items()}


def _linear(evaluation: Evaluation) -> dict[str, nn.Linear]:
    modules = evaluation.member.model.named_modules()
    return {name: module for name, module in modules if isinstance(module, nn.Linear)}


def _operator_norm(weight: torch.Tensor) -> torch.Tensor:
    """The largest singular value, from the smaller Gram matrix (several times faster than singular values)."""
    wide = weight if weight.shape[0] <= weight.shape[1] else weight.T
    return torch.linalg.eigvalsh(wide @ wide.T)[-1].sqrt()
