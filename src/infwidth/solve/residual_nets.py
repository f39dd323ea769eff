"""Residual MLPs of finite width trained by gradient descent in μP with branches β/√L, to stand beside their limits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import LARGEST, Count, Depth, Nets, Positive, Says, Width, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.data.images import Images
    from infwidth.models import Model
    from infwidth.parametrization import Plan


class ResidualTraining(Computation):
    """SGD at rate η γ0² n (η is ``lr``) of f = V·φ(h^{L+1}) / (γ0 n), L = ``n_blocks``, β = ``branch_multiplier``.

    ``batch_size`` examples a step, one batch after the other in a fixed order of all training images, from the start
    again where they end; ``loss`` is that of trainings. Without ``train_ends`` U and V stay as they are. Outputs are
    kept from the step ``outputs_from`` on.
    """

    n_blocks: Depth
    branch_multiplier: Positive = 1.0
    gamma0: Positive = 1.0
    lr: Positive
    steps: Count
    batch_size: Count
    loss: Literal["binary_mse", "cross_entropy"]
    train_ends: bool = True
    outputs_from: Annotated[int, Field(ge=0, le=LARGEST), Says("must be a step, a whole number from 0")] = 0
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _can_take_batches(self) -> Self:
        if self.steps * self.batch_size > 10**6:
            raise ValueError(f"{self.steps} steps of {self.batch_size} examples are too many to be kept")
        return self

    def batches(self, n_examples: int) -> list[list[int]]:
        """Return the places of the examples of every step, and of one more batch that is only looked at."""
        order = numpy_stream("order", "residual_training").permutation(n_examples)
        taken = np.resize(order, (self.steps + 1) * self.batch_size)
        batches: list[list[int]] = taken.reshape(self.steps + 1, self.batch_size).tolist()
        return batches


class Spec(ResidualTraining):
    """Nets of ``width`` with an ``activation``.

    ``finest_n_blocks``, a multiple of n_blocks, couples the depths: nets of one seed have as initial weights of their
    blocks the sums, over as many blocks as theirs stand for, of those of the net of that depth, divided by the root of
    their number, so that the differences of two depths are those of steps along one path.
    """

    name: Literal["residual_nets"]
    width: Width
    activation: Literal["linear", "unit_relu", "tanh"]
    n_seeds: Nets
    finest_n_blocks: Depth | None = unsaid()

    @model_validator(mode="after")
    def _divides_the_finest(self) -> Self:
        if self.finest_n_blocks is not None and self.finest_n_blocks % self.n_blocks:
            raise ValueError(f"finest_n_blocks {self.finest_n_blocks} must be a multiple of n_blocks {self.n_blocks}")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return ``output``, ``loss`` and ``rms`` of every net on the batch of every step, before it learns from that.

    ``output`` counts examples and outputs by ``index``; ``rms`` is the root mean square over neurons and examples of
    the residual stream, its index the layer l = 0, …, L. Of the last step + 1 they are of a batch never learned.
    """
    import torch

    out = Rows(spec.lr)
    for seed in range(spec.n_seeds):
        model, plan = _net(spec, data, seed)
        with torch.no_grad():
            if spec.finest_n_blocks is not None:
                _on_one_path_(model, spec, seed)
        for step, (outputs, loss, rms) in enumerate(_trained(model, plan, spec, data)):
            if step >= spec.outputs_from:
                out.add(step, "output", outputs, seed=seed)
            out.add(step, "loss", loss, seed=seed)
            out.add(step, "rms", rms, seed=seed)
    return out


def _net(spec: Spec, data: "Images", seed: int) -> "tuple[Model, Plan]":
    """Return the net of a seed, and its plan: of base width one, so that the block's words are of the net itself."""
    from infwidth.models.residual_mlp import ResidualMLP
    from infwidth.models.shapes import shapes_only
    from infwidth.parametrization import parametrize
    from infwidth.parametrization.conventions import base_net
    from infwidth.training.losses import n_outputs

    shape, outputs = tuple(data.x_train.shape[1:]), n_outputs(spec.loss, data.n_classes)

    def build(width: int) -> "Model":
        return ResidualMLP(
            shape,
            outputs,
            width=width,
            n_blocks=spec.n_blocks,
            activation=spec.activation,
            branch_multiplier=spec.branch_multiplier,
            branch_power="1/2",
        )

    model, base = build(spec.width), base_net(spec.lr, spec.gamma0, 1, layer_lr="variance", optimizer="sgd")
    with shapes_only():
        narrow, wider = build(1), build(2)
    plan = parametrize(
        model,
        narrow,
        "mup",
        optimizer="sgd",
        lr=base.lr,
        readout_scale=base.readout_scale,
        layer_lr="variance",
        delta_model=wider,
    )
    plan.init_(model, seed)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(spec.train_ends or name.startswith("blocks"))
    return model, plan


def _on_one_path_(model: "Model", spec: Spec, seed: int) -> None:
    """Give the blocks' weights the sums of those of the finest net, in place."""
    import torch

    from infwidth.seeding import torch_stream

    assert spec.finest_n_blocks is not None, "the caller has looked"
    together, width = spec.finest_n_blocks // spec.n_blocks, spec.width
    generator = torch_stream("init", "residual_nets", width, seed)
    for weight in (parameter for name, parameter in model.named_parameters() if name.startswith("blocks")):
        fine = torch.randn(together, width, width, generator=generator)
        weight.copy_(fine.sum(0) / (together * width) ** 0.5)


def _trained(
    model: "Model", plan: "Plan", spec: Spec, data: "Images"
) -> "Iterator[tuple[np.ndarray, float, np.ndarray]]":
    """Yield outputs, loss and root mean squares of the layers before every step, and after the last."""
    from infwidth.training.losses import LOSSES

    optimizer, loss_of, squares = plan.optimizer(model), LOSSES[spec.loss], []

    def measure(module: "torch.nn.Module", _: object, h: "torch.Tensor") -> None:
        squares.append(float(h.detach().square().mean()))

    for layer in model.hidden_layers.values():
        layer.register_forward_hook(measure)
    for batch in spec.batches(len(data.x_train)):
        squares.clear()
        outputs = model(data.x_train[batch])
        loss = loss_of(outputs, data.y_train[batch])
        yield outputs.detach().double().numpy(), loss.item(), np.sqrt(squares)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
