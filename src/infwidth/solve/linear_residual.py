"""The training of linear residual nets at infinite width."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.residual_nets import ResidualTraining

if TYPE_CHECKING:
    from infwidth.data.images import Images


class Spec(ResidualTraining):
    """The limit of the nets of ``residual_nets`` with a linear activation, on the same batches."""

    name: Literal["linear_residual"]


def rows(spec: Spec, data: "Images") -> Rows:
    """Return what ``residual_nets`` says of nets, of the limit: ``output``, ``loss`` and ``rms`` at every step."""
    import torch

    from infwidth.limits.linear_residual import DepthScaling, train_linear_residual
    from infwidth.training.losses import LOSSES, n_outputs

    x, labels, loss_of = data.x_train.flatten(1).double().numpy(), data.y_train, LOSSES[spec.loss]
    losses: list[float] = []

    def slope(outputs: np.ndarray, batch: Sequence[int]) -> np.ndarray:
        f = torch.tensor(outputs, requires_grad=True)
        loss = loss_of(f, labels[list(batch)])
        loss.backward()
        losses.append(loss.item())
        assert f.grad is not None
        return -f.grad.numpy()

    trained = train_linear_residual(
        x @ x.T / x.shape[1],
        spec.batches(len(x)),
        slope,
        n_blocks=spec.n_blocks,
        n_outputs=n_outputs(spec.loss, data.n_classes),
        lr=spec.lr,
        scaling=DepthScaling(multiplier=spec.branch_multiplier),
        gamma0=spec.gamma0,
        train_ends=spec.train_ends,
    )
    out = Rows(spec.lr)
    for step, moment in enumerate(trained):
        if step >= spec.outputs_from:
            out.add(step, "output", moment.outputs)
        out.add(step, "rms", np.sqrt((moment.rms**2).mean(axis=1)))
    out.add(range(len(losses)), "loss", losses)
    return out
