"""Probes: what is measured at the evaluation steps. Each writes tidy rows and leaves the training as it was.

A probe may keep tensors of the whole ensemble in ``state``; checkpoints carry them, and ``combine`` turns those of all
seeds into rows of seed −1.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.data.images import Images
from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.training.examples import Examples, examples
from infwidth.training.losses import Loss
from infwidth.training.member import CHUNK, Member


class Evaluation:
    """A net as it is after ``step`` updates; what several probes need of it is computed once, when first asked for."""

    def __init__(self, member: Member, step: int, data: Images, batch: Examples, loss: Loss) -> None:
        """``batch`` is the first training batch: a fixed set of examples for probes that need few."""
        self.member, self.step, self.data, self.batch, self.loss = member, step, data, batch, loss

    @cached_property
    def test_outputs(self) -> torch.Tensor:
        """Logits of the whole test set [P, k]."""
        return self.outputs(examples(self.data, "test", slice(None)))

    def outputs(self, of: Examples) -> torch.Tensor:
        """Logits [P, k], without gradients."""
        with torch.no_grad():
            return torch.cat([self.member.outputs(part) for part in of.chunks(CHUNK)])

    def hidden(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Preactivations of every layer on ``x``, without gradients."""
        with torch.no_grad(), _recorded(self.member.hidden_layers) as preactivations:
            self.member.model(x)
        return preactivations

    @cached_property
    def _on_batch(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        with torch.enable_grad(), _recorded(self.member.hidden_layers) as preactivations:
            return self.member.outputs(self.batch), preactivations

    @property
    def batch_outputs(self) -> torch.Tensor:
        """Logits of the first batch [P, k]."""
        return self._on_batch[0].detach()

    @property
    def batch_hidden(self) -> dict[str, torch.Tensor]:
        """Preactivations of every layer on the first batch."""
        return {layer: h.detach() for layer, h in self._on_batch[1].items()}

    @cached_property
    def batch_gradients(self) -> dict[str, torch.Tensor]:
        """∂ℓ_p/∂h_p of every layer on the first batch, ℓ_p the loss of one example."""
        outputs, hidden = self._on_batch
        loss = self.loss(outputs, self.batch.y) * len(outputs)
        return dict(zip(hidden, torch.autograd.grad(loss, list(hidden.values()), retain_graph=True), strict=True))


@contextmanager
def _recorded(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, torch.Tensor]]:
    """Record the outputs of ``layers`` during the forward passes made inside the context."""
    outputs: dict[str, torch.Tensor] = {}

    def recorder(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            outputs[name] = output

        return hook

    handles = [layer.register_forward_hook(recorder(name)) for name, layer in layers.items()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


class Probe:
    """Base of all probes; measures nothing."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.state: dict[str, torch.Tensor] = {}

    def start(self, evaluation: Evaluation) -> None:
        """See the net at initialisation (again after a resume, with the same bits)."""

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write rows on the net as it is."""

    def combine(self, states: Sequence[Mapping[str, torch.Tensor]], data: Images, loss: Loss, rows: Rows) -> None:
        """Write rows on the ensemble of all seeds from their ``state``."""


class Losses(Probe):
    """Loss and accuracy on the test set, loss on a fixed part of the training set of the same size."""

    name = "losses"

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``test_loss``, ``test_accuracy`` and ``train_loss``."""
        data, step, n = evaluation.data, evaluation.step, len(evaluation.data.x_test)
        test, train = evaluation.test_outputs, evaluation.outputs(examples(data, "train", slice(0, n)))
        rows.add(step, "test_loss", evaluation.loss(test, data.y_test).item())
        rows.add(step, "test_accuracy", (test.argmax(1) == data.y_test).double().mean().item())
        rows.add(step, "train_loss", evaluation.loss(train, data.y_train[:n]).item())


class Ensemble(Probe):
    """The ensemble of all seeds: loss of averaged logits and of averaged probabilities, variance of the logits."""

    name = "ensemble"

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Keep the test logits of this step."""
        self.state[f"{evaluation.step:09d}"] = evaluation.test_outputs.cpu()

    def combine(self, states: Sequence[Mapping[str, torch.Tensor]], data: Images, loss: Loss, rows: Rows) -> None:
        """Write ``ensemble_loss``, ``ensemble_loss_probabilities``, ``logit_variance`` at steps all seeds reached."""
        labels = data.y_test.cpu()
        for key in sorted(set.intersection(*(set(state) for state in states))):
            logits = torch.stack([state[key] for state in states])
            step = int(key)
            rows.add(step, "ensemble_loss", loss(logits.mean(0), labels).item())
            probabilities = logits.double().softmax(-1).mean(0)
            rows.add(step, "ensemble_loss_probabilities", F.nll_loss(probabilities.log(), labels).item())
            if len(states) > 1:
                rows.add(step, "logit_variance", logits.double().var(0).mean().item())


class Logits(Probe):
    """Logits of a few chosen test points (the first of them)."""

    name = "logits"

    def __init__(self, *, points: int) -> None:
        super().__init__()
        self.points = points

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``correct_logit`` of each point."""
        labels = evaluation.data.y_test[: self.points, None]
        logits = evaluation.test_outputs[: self.points].gather(1, labels)[:, 0]
        rows.add_values(evaluation.step, "correct_logit", logits.tolist())


class FeatureKernels(Probe):
    """Gram matrices of every layer's preactivations on the first ``points`` test examples, divided by their number."""

    name = "feature_kernels"

    def __init__(self, *, points: int) -> None:
        super().__init__()
        self.points = points

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``kernel`` [points, points] of each layer, flattened."""
        for layer, h in evaluation.hidden(evaluation.data.x_test[: self.points]).items():
            flat = h.flatten(1).double()
            rows.add_values(evaluation.step, "kernel", (flat @ flat.T / flat.shape[1]).cpu().numpy(), layer=layer)


class Preactivations(Probe):
    """A sample of preactivations of every layer: ``units`` random units on the first ``points`` test examples."""

    name = "preactivations"

    def __init__(self, *, points: int, units: int) -> None:
        super().__init__()
        self.points, self.units = points, units

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``preactivation`` [points, units] of each layer, flattened."""
        for layer, h in evaluation.hidden(evaluation.data.x_test[: self.points]).items():
            flat = h.flatten(1)
            chosen = torch.randperm(flat.shape[1], generator=torch_stream("evaluation", layer))[: self.units]
            rows.add_values(
                evaluation.step, "preactivation", flat[:, chosen.to(flat.device)].cpu().numpy(), layer=layer
            )


class Norms(Probe):
    """Sizes of every parameter and of its change since initialisation (Frobenius norms)."""

    name = "norms"

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial parameters."""
        self._initial = {name: p.detach().clone() for name, p in evaluation.member.model.named_parameters()}

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``parameter_norm`` and ``parameter_change``."""
        for name, p in evaluation.member.model.named_parameters():
            change = p.detach() - self._initial[name]
            rows.add(evaluation.step, "parameter_norm", p.detach().norm().item(), layer=name)
            rows.add(evaluation.step, "parameter_change", change.norm().item(), layer=name)


class Representations(Probe):
    """Change of every layer's preactivations on the first batch since initialisation, relative to their size."""

    name = "representations"

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial preactivations."""
        self._initial = evaluation.batch_hidden

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``relative_change`` ‖h_t − h_0‖/‖h_0‖ over the batch."""
        for layer, h in evaluation.batch_hidden.items():
            change = (h - self._initial[layer]).double().norm() / self._initial[layer].double().norm()
            rows.add(evaluation.step, "relative_change", change.item(), layer=layer)


class Gradients(Probe):
    """Size of the loss gradient with respect to every layer's preactivations, on the first batch."""

    name = "gradients"

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``gradient_norm``: root mean square over examples p of ‖∂ℓ_p/∂h_p‖, ℓ_p the loss of one example."""
        for layer, gradient in evaluation.batch_gradients.items():
            rms = gradient.flatten(1).double().square().sum(1).mean().sqrt()
            rows.add(evaluation.step, "gradient_norm", rms.item(), layer=layer)


class OutputScale(Probe):
    """Root mean square of the outputs on the first batch."""

    name = "output_scale"

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``output_scale``."""
        rows.add(evaluation.step, "output_scale", evaluation.batch_outputs.double().square().mean().sqrt().item())


class Alignment(Probe):
    """How well the initial weights pass on the change of their input, on the first batch.

    For every linear layer whose input z is a representation: ‖W_0 Δz‖_F / (‖W_0‖_op ‖Δz‖_F) with Δz = z_t − z_0 over
    the batch; 1 if Δz lies along the leading singular vector of W_0 (Karkada 2024, the alignment behind criterion 2).
    """

    name = "alignment"

    def start(self, evaluation: Evaluation) -> None:
        """Keep the initial weights, their operator norms and inputs."""
        self._weights = {name: layer.weight.detach().double().clone() for name, layer in _linear(evaluation).items()}
        self._operator_norms = {name: _operator_norm(weight) for name, weight in self._weights.items()}
        self._inputs = _inputs(evaluation)

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``alignment``, and as control ``alignment_random`` with a Gaussian in the place of Δz."""
        for name, now in _inputs(evaluation).items():
            change = now - self._inputs[name]
            if not change.any():
                continue  # the images themselves, or step 0
            noise = torch.randn(change.shape, generator=torch_stream("evaluation", name), dtype=change.dtype)
            for metric, direction in (("alignment", change), ("alignment_random", noise.to(change.device))):
                passed = (direction @ self._weights[name].T).norm() / (self._operator_norms[name] * direction.norm())
                rows.add(evaluation.step, metric, passed.item(), layer=name)


def _linear(evaluation: Evaluation) -> dict[str, nn.Linear]:
    modules = evaluation.member.model.named_modules()
    return {name: module for name, module in modules if isinstance(module, nn.Linear)}


def _inputs(evaluation: Evaluation) -> dict[str, torch.Tensor]:
    """Inputs of every linear layer on the first batch [P, fan-in], in float64."""
    inputs: dict[str, torch.Tensor] = {}

    def recorder(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            inputs[name] = arguments[0].double()

        return hook

    handles = [layer.register_forward_pre_hook(recorder(name)) for name, layer in _linear(evaluation).items()]
    try:
        with torch.no_grad():
            evaluation.member.model(evaluation.batch.x)
    finally:
        for handle in handles:
            handle.remove()
    return inputs


def _operator_norm(weight: torch.Tensor) -> torch.Tensor:
    """The largest singular value, from the smaller Gram matrix (several times faster than singular values)."""
    wide = weight if weight.shape[0] <= weight.shape[1] else weight.T
    return torch.linalg.eigvalsh(wide @ wide.T)[-1].sqrt()


PROBES: dict[str, type[Probe]] = {
    probe.name: probe
    for probe in (
        Losses,
        Ensemble,
        Logits,
        FeatureKernels,
        Preactivations,
        Norms,
        Representations,
        Gradients,
        OutputScale,
        Alignment,
    )
}


def make_probes(specs: Sequence[Mapping[str, Any]]) -> list[Probe]:
    """Return fresh probes, one member's, for the ``probes`` list of a spec."""
    return [PROBES[spec["name"]](**{key: value for key, value in spec.items() if key != "name"}) for spec in specs]
