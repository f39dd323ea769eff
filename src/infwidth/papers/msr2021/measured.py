"""What the figures and claims of the Microsoft post share."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import NotTestableError

#: What the bars of the post's first figure are, in order.
NNGP, NTK, FINITE, LIMIT = "NNGP", "NTK", "finite net", "μP limit"
BARS = (NNGP, NTK, FINITE, LIMIT)

#: Accuracies reported in Tensor Programs IV by task and bar: analogies of text8 (Table 3, finite: width 1024), Omniglot
#: (Table 2, finite: width 8192). On images the post takes its numbers from elsewhere, and we have none.
REPORTED: dict[str, dict[str, float]] = {
    "images": {},
    "words": {NNGP: 0.0, NTK: 0.0, FINITE: 0.4256, LIMIT: 0.4331},
    "few-shot": {NNGP: 0.4760, NTK: 0.4782, FINITE: 0.6641, LIMIT: 0.6642},
}


def moved_kernels(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the last layer's feature kernel at infinite width, at initialisation and after training, flattened."""
    richest = table[table.gamma0 == table.gamma0.max()]
    layers = sorted(richest[richest.metric == "kernel"].layer.unique())
    if not layers:
        raise NotTestableError("The limit has no kernels at this scale.")
    after = richest[(richest.metric == "kernel") & (richest.layer == layers[-1])]
    before = richest[richest.metric == "ntk_kernel"]
    return before.sort_values("index").value.to_numpy(), after.sort_values("index").value.to_numpy()
