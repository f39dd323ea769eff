"""μP limits of nets with φ(x) = x or x² beside their finite nets, as rows."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infwidth.solve.records import Limit, signs

if TYPE_CHECKING:
    from infwidth.data.load import Data


def rows(limit: Limit, _data: "Data | None") -> pd.DataFrame:
    """Return the loss ½(f - y)² of the infinite net and of ``n_seeds`` finite ones of one width, all on the same ±1.

    ``limit_loss`` (seed -1) and ``loss`` (every net) at step 0, 1, …, ``steps`` - 1, each at the example that the step
    then learns; ``deviation``, |f_n - f_∞| of every net at the last of them. All cells see the beginning of one stream
    of examples; a seed has the same weights whatever the learning rate.
    """
    from infwidth.limits.nonlinear_mup import finite_layers, limit_outputs, train
    from infwidth.seeding import numpy_stream

    steps, n_hidden, n_seeds = limit["steps"], limit["n_hidden"], limit["n_seeds"]
    inputs, targets = signs("nonlinear_mup", steps, 2).T
    stream = {"inputs": inputs, "targets": targets, "lr": limit["lr"], "decoupled": limit["decoupled"]}
    exact = limit_outputs(limit["activation"], n_hidden=n_hidden, **stream)

    rng = numpy_stream("init", "nonlinear_mup", n_hidden, limit["width"])
    nets = finite_layers(rng, width=limit["width"], n_hidden=n_hidden, n_seeds=n_seeds)
    outputs = train(nets, limit["activation"], **stream)

    losses = 0.5 * (outputs - targets) ** 2
    seed, step = np.divmod(np.arange(losses.size), steps)
    parts = {
        "limit_loss": {"seed": -1, "step": np.arange(steps), "value": 0.5 * (exact - targets) ** 2},
        "loss": {"seed": seed, "step": step, "value": losses.ravel()},
        "deviation": {"seed": np.arange(n_seeds), "step": steps - 1, "value": np.abs(outputs - exact)[:, -1]},
    }
    return pd.concat(
        [pd.DataFrame({"metric": metric, "layer": "", "index": -1, **part}) for metric, part in parts.items()],
        ignore_index=True,
    )
