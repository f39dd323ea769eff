"""The probe of the neural tangent kernel: its spectrum, and the power of the task in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.data.load import Labelled
from infwidth.empirical import refuse_what_has_no_kernel
from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.losses import Loss
from infwidth.training.probes.base import Probe, step_key, steps_of_all

#: Entries of the Jacobian held at a time (512 MiB in float32), unless those of one output are more.
HELD = 1 << 27


class NtkSpectrum(Probe):
    """Eigenvalues of the empirical tangent kernel on the first ``points`` test images, and the task's power in them.

    K = (1/k) Σ_c J_c D J_cᵀ, J_c the Jacobian of output c and D the learning rates of the plan, divided by the base
    learning rate: the kernel with which the function moves, the same in every gauge.
    """

    name = "ntk_spectrum"

    def __init__(self, *, points: int, **common: Any) -> None:
        super().__init__(**common)
        self.points = points

    def start(self, evaluation: Evaluation) -> None:
        """Refuse windows of a text; raises SpecError."""
        if evaluation.of_text:
            raise SpecError("probe ntk_spectrum: it is made for images, not for windows of a text")

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``ntk_eigenvalue`` and ``ntk_task_power`` by rank; keep the kernel (neither where it is not finite)."""
        member, data = evaluation.member, evaluation.data
        rates = {name: plan.lr / member.lr for name, plan in member.plan.items()}
        kernel = tangent_kernel(member.model, data.x_test[: self.points], rates).cpu()
        if kernel.isfinite().all():
            self.outputs[step_key(evaluation.step)] = kernel.to(data.x_test.dtype)
            _write_spectrum(evaluation.step, kernel, data, rows)

    def combine(self, outputs: Sequence[Mapping[str, torch.Tensor]], data: Labelled, loss: Loss, rows: Rows) -> None:
        """Write the same of the mean kernel of all seeds, and each seed's ``ntk_alignment`` with it.

        The alignment of two kernels is their cosine, Tr(K K′)/(‖K‖_F ‖K′‖_F); ``index`` counts the seeds.
        """
        for key in steps_of_all(outputs):
            kernels = torch.stack([of_one[key] for of_one in outputs]).double()
            mean = kernels.mean(0)
            _write_spectrum(int(key), mean, data, rows)
            cosines = F.cosine_similarity(kernels.flatten(1), mean.flatten(), dim=1, eps=0.0)
            rows.add(int(key), "ntk_alignment", cosines.tolist())


def _write_spectrum(step: int, kernel: torch.Tensor, data: Labelled, rows: Rows) -> None:
    values, vectors = torch.linalg.eigh(kernel)
    targets = F.one_hot(data.y_test[: len(kernel)].cpu().long(), data.n_classes).to(kernel.dtype)
    power = (vectors.flip(1).T @ (targets - targets.mean(0))).square().sum(1)
    rows.add(step, "ntk_eigenvalue", values.flip(0).tolist())
    rows.add(step, "ntk_task_power", (power.cumsum(0) / power.sum()).tolist())


def tangent_kernel(model: nn.Module, x: torch.Tensor, rates: Mapping[str, float]) -> torch.Tensor:
    """Return K = (1/k) Σ_c J_c D J_cᵀ on ``x`` [P, P] in float64, D the ``rates`` of the parameters.

    One example at a time goes forward, its outputs backward at once. (``torch.func``, by which
    :func:`infwidth.empirical.empirical_ntk` has the same, would load torch's compiler, and round otherwise.)
    Raises SpecError for a module with randomness on, or without anything to train.
    """
    refuse_what_has_no_kernel(model, x)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not named:
        raise SpecError("the model has no parameter that requires a gradient: nothing moves, and there is no kernel")
    roots = [rates[name] ** 0.5 for name, _ in named]
    with torch.no_grad():
        k = model(x[:1]).shape[1]
    entries = len(x) * sum(p.numel() for _, p in named)
    kernel = torch.zeros(len(x), len(x), dtype=torch.float64, device=x.device)
    for outputs in torch.eye(k, dtype=x.dtype, device=x.device).split(max(1, HELD // entries)):
        jacobian = torch.empty(len(x), len(outputs) * (entries // len(x)), dtype=x.dtype, device=x.device)
        for row, gradients in zip(jacobian, _gradients(model, x, [p for _, p in named], outputs), strict=True):
            scaled = [g.flatten(1) * root for g, root in zip(gradients, roots, strict=True)]
            torch.cat(scaled, 1, out=row.view(len(outputs), -1))
        kernel += jacobian @ jacobian.T
    return kernel / k


def _gradients(
    model: nn.Module, x: torch.Tensor, parameters: Sequence[torch.Tensor], outputs: torch.Tensor
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Give for each example the gradients of the ``outputs`` (rows of a unit matrix), stacked in front."""
    for example in x.split(1):
        with torch.enable_grad():
            f = model(example)[0]
        yield torch.autograd.grad(
            f, parameters, outputs, is_grads_batched=True, allow_unused=True, materialize_grads=True
        )
