"""The training of deep linear nets at infinite width."""

from typing import TYPE_CHECKING

import pandas as pd

from infwidth.errors import SpecError
from infwidth.solve.records import Limit

if TYPE_CHECKING:
    from infwidth.data.load import Data


def deep_linear_dmft(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return the infinite-width training of a deep linear net on all training images of two classes, y = -1 and +1.

    ``lr`` is that of a net in the γ form trained with ``binary_mse``, the mean over P examples of (f - y)²: its
    -∂L/∂f is 2Δ/P, so that the limit's η is 2 lr / P. At every step ``train_loss``, that mean, and ``ntk_train_loss``,
    the same in the lazy limit; after the last, ``kernel`` [P, P] of the layers h1, …, hL, and ``ntk_kernel``, the
    lazy limit's for all layers. Rows of a kernel are those of a probe: flattened, ``index`` counting the entries.
    """
    from infwidth.data.images import Images
    from infwidth.limits.dmft import deep_linear_dmft, static_errors

    assert isinstance(data, Images), "the schema of cells asks for images here"
    if data.n_classes != 2:
        raise SpecError(f"limit 'deep_linear_dmft' needs data of 2 classes (y = -1 and +1), not {data.n_classes}")
    x = data.x_train.flatten(1).double().numpy()
    kernel, targets = x @ x.T / x.shape[1], 2.0 * data.y_train.double().numpy() - 1.0
    n_hidden, steps, lr = limit["n_hidden"], limit["steps"], 2.0 * limit["lr"] / len(x)
    found = deep_linear_dmft(kernel, targets, n_hidden=n_hidden, gamma0=limit["gamma0"], lr=lr, steps=steps)
    lazy = static_errors(kernel, targets, n_hidden=n_hidden, lr=lr, steps=steps)

    losses = {"train_loss": found.losses, "ntk_train_loss": (lazy**2).mean(axis=1)}
    kernels = [("kernel", f"h{l}", k) for l, k in enumerate(found.feature_kernels, start=1)]  # noqa: E741
    return pd.concat(
        [
            pd.DataFrame({"metric": metric, "layer": "", "step": range(steps + 1), "index": -1, "value": loss})
            for metric, loss in losses.items()
        ]
        + [
            pd.DataFrame({"metric": metric, "layer": layer, "step": steps, "index": range(k.size), "value": k.ravel()})
            for metric, layer, k in [*kernels, ("ntk_kernel", "", kernel)]
        ],
        ignore_index=True,
    )
