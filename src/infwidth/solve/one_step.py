"""The first SGD step at infinite width."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from infwidth.solve.records import Limit, Record

if TYPE_CHECKING:
    from infwidth.data.load import Data


def one_step(limit: Limit, data: "Data | None") -> list[Record]:
    """Return the power laws of one SGD step: an exponent and a prefactor for what the nets' probes measure."""
    from infwidth.data.images import Images
    from infwidth.data.streams import Batches
    from infwidth.limits.one_step import one_step_limit

    assert isinstance(data, Images), "the schema of cells asks for images here"
    batch = Batches(len(data.x_train), limit["batch_size"], mode="epochs").indices(0)
    x = data.x_train[batch].flatten(1).numpy()
    targets = np.eye(data.n_classes)[data.y_train[batch]]
    metrics = {"relative_update": "relative_change", "output": "output_scale", "gradient": "gradient_norm"}
    laws = one_step_limit(
        x,
        targets,
        n_hidden=limit["n_hidden"],
        richness=float(Fraction(limit["richness"])),
        lr=limit["lr"],
        loss_scale=2.0 / targets.size,  # torch's mse_loss: the mean over batch and outputs of (f − y)²
    )
    records: list[Record] = []
    for law in laws:
        if law.quantity not in metrics:
            continue
        metric, layer = metrics[law.quantity], "" if law.quantity == "output" else f"h{law.layer}"
        # A probe's gradient is that of one example's loss, the law's that of the batch mean: P times smaller.
        scale = len(x) if law.quantity == "gradient" else 1
        records.append((f"{metric}_exponent", layer, -1, law.exponent))
        records.append((f"{metric}_prefactor", layer, -1, law.prefactor * scale))
    return records
