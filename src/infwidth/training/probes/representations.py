"""Probes of the layers: preactivations, their kernels and changes, gradients, and the sizes of parameters."""

from collections.abc import Collection
from typing import Any

import torch

from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import CHUNK, Split, examples
from infwidth.training.probes.base import LayerProbe


class FeatureKernels(LayerProbe):
    """Gram matrices of every layer's preactivations on ``points`` examples (the first test or, ``of`` "train",
    training examples), divided by the number of preactivations.

    The preactivations of a window are those of all its places, one after the other.
    """

    name = "feature_kernels"

    def __init__(self, *, points: int, of: Split = "test", **common: Any) -> None:
        super().__init__(**common)
        self.points, self.of = points, of

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``kernel`` [points, points] of each layer, flattened."""
        x = examples(evaluation.data, self.of, slice(0, self.points)).x
        for layer, h in evaluation.hidden(x, self.layers).items():
            flat = h.flatten(1).double()
            rows.add(evaluation.step, "kernel", (flat @ flat.T / flat.shape[1]).cpu().numpy(), layer=layer)


class Preactivations(LayerProbe):
    """A sample of preactivations of every layer: ``units`` random units on the first ``points`` test examples."""

    name = "preactivations"

    def __init__(self, *, points: int, units: int, **common: Any) -> None:
        super().__init__(**common)
        self.points, self.units = points, units

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``preactivation`` [points, units] of each layer, flattened."""
        for layer, h in evaluation.hidden(evaluation.data.x_test[: self.points], self.layers).items():
            flat = h.flatten(1)
            chosen = torch.randperm(flat.shape[1], generator=torch_stream("evaluation", layer))[: self.units]
            rows.add(evaluation.step, "preactivation", flat[:, chosen.to(flat.device)].cpu().numpy(), layer=layer)


class PreactivationHistograms(LayerProbe):
    """Density of every layer's preactivations over all units and the first ``points`` test examples.

    The ``bins`` are equal parts of [−``range``, ``range``]. Preactivations outside are in no bin, but they count in
    the normalisation: the densities of the bins integrate to the share of the preactivations that lies inside.
    """

    name = "preactivation_histograms"

    def __init__(self, *, points: int, bins: int, range: float, **common: Any) -> None:
        super().__init__(**common)
        self.points, self.bins, self.range = points, bins, float(range)

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``density`` of each layer and the ``bin_centre`` of all, one number a bin."""
        width = 2 * self.range / self.bins
        centres = [-self.range + (i + 0.5) * width for i in range(self.bins)]
        rows.add(evaluation.step, "bin_centre", centres)
        inside: dict[str, torch.Tensor] = {}
        total: dict[str, int] = {}
        for x in evaluation.data.x_test[: self.points].split(CHUNK):
            for layer, h in evaluation.hidden(x, self.layers).items():
                for values in h.flatten().split(1 << 24):  # float32 counts no further
                    counts = torch.histc(values, self.bins, -self.range, self.range).double()
                    inside[layer] = inside.get(layer, 0.0) + counts
                total[layer] = total.get(layer, 0) + h.numel()
        for layer, counts in inside.items():
            rows.add(evaluation.step, "density", (counts / (total[layer] * width)).tolist(), layer=layer)


class Norms(LayerProbe):
    """Sizes of every parameter and of its change since initialisation (Frobenius norms); layers are parameters here."""

    name = "norms"

    def known_layers(self, evaluation: Evaluation) -> Collection[str]:
        """Return the names of the parameters."""
        return dict(evaluation.member.model.named_parameters())

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial parameters."""
        super().start(evaluation)
        parameters = self.chosen(dict(evaluation.member.model.named_parameters()))
        self.initial["parameters"] = {name: p.detach().clone() for name, p in parameters.items()}

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``parameter_norm`` and ``parameter_change``."""
        for name, p in self.chosen(dict(evaluation.member.model.named_parameters())).items():
            change = p.detach() - self.initial["parameters"][name]
            rows.add(evaluation.step, "parameter_norm", p.detach().norm().item(), layer=name)
            rows.add(evaluation.step, "parameter_change", change.norm().item(), layer=name)


class Representations(LayerProbe):
    """Change of every layer's preactivations on the first batch since initialisation, relative to their size."""

    name = "representations"

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial preactivations."""
        super().start(evaluation)
        self.initial["hidden"] = self.chosen(evaluation.batch_hidden)

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``relative_change`` ‖h_t − h_0‖/‖h_0‖ over the batch."""
        for layer, h in self.chosen(evaluation.batch_hidden).items():
            initial = self.initial["hidden"][layer]
            change = (h - initial).double().norm() / initial.double().norm()
            rows.add(evaluation.step, "relative_change", change.item(), layer=layer)


class Gradients(LayerProbe):
    """Size of the loss gradient with respect to every layer's preactivations, on the first batch."""

    name = "gradients"

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``gradient_norm``: root mean square over examples p of ‖∂ℓ_p/∂h_p‖, ℓ_p the loss of one example."""
        for layer, gradient in self.chosen(evaluation.batch_gradients).items():
            rms = gradient.flatten(1).double().square().sum(1).mean().sqrt()
            rows.add(evaluation.step, "gradient_norm", rms.item(), layer=layer)
