"""What the figures and claims of the Microsoft post share."""

import numpy as np
import pandas as pd

from infwidth.analysis.consistency import deepest_layer
from infwidth.analysis.distances import limit_kernel

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
    """Return the last layer's feature kernel [P, P] at infinite width, at initialisation and after training."""
    richest = table[table.gamma0 == table.gamma0.max()]
    return limit_kernel(richest, "ntk_kernel"), limit_kernel(richest, "kernel", deepest_layer(richest, "kernel"))
