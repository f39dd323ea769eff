"""The first SGD step at infinite width."""

from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Positive, RationalText
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images

#: Quantity of the limit → what the nets' probes call it.
_METRICS = {"relative_update": "relative_change", "output": "output_scale", "gradient": "gradient_norm"}


class Spec(Computation):
    """One step of a ReLU net with ``n_hidden`` hidden layers on the first batch, in Karkada's family."""

    name: Literal["one_step"]
    n_hidden: Depth
    richness: RationalText
    lr: Positive
    batch_size: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the power laws of one SGD step: an exponent and a prefactor for what the nets' probes measure."""
    from infwidth.data.streams import Batches
    from infwidth.limits.one_step import one_step_limit

    batch = Batches(len(data.x_train), spec.batch_size, mode="epochs").indices(0)
    x = data.x_train[batch].flatten(1).numpy()
    targets = np.eye(data.n_classes)[data.y_train[batch]]
    laws = one_step_limit(
        x,
        targets,
        n_hidden=spec.n_hidden,
        richness=float(Fraction(spec.richness)),
        lr=spec.lr,
        loss_scale=2.0 / targets.size,  # torch's mse_loss: the mean over batch and outputs of (f − y)²
    )
    out = Rows(spec.lr)
    for law in laws:
        if law.quantity not in _METRICS:
            continue
        metric, layer = _METRICS[law.quantity], "" if law.quantity == "output" else f"h{law.layer}"
        # A probe's gradient is that of one example's loss, the law's that of the batch mean: P times smaller.
        scale = len(x) if law.quantity == "gradient" else 1
        out.add(0, f"{metric}_exponent", law.exponent, layer=layer)
        out.add(0, f"{metric}_prefactor", law.prefactor * scale, layer=layer)
    return out
