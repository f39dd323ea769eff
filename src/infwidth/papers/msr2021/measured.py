"""What the figures and claims of the Microsoft post share."""

import math

import numpy as np

from infwidth.analysis.distances import limit_kernel
from infwidth.analysis.table import Table
from infwidth.topics.few_shot.measures import FEW_SHOT, FEW_SHOT_OF_KERNELS
from infwidth.topics.words.measures import ANALOGIES, ANALOGIES_OF_KERNELS

#: What the bars of the post's first figure are, in order.
NNGP, NTK, FINITE, LIMIT = "NNGP", "NTK", "finite net", "μP limit"
BARS = (NNGP, NTK, FINITE, LIMIT)

#: Accuracies reported in Tensor Programs IV by task and bar; the finite net is the widest that is reported. On images
#: the post takes its numbers from elsewhere, and we have none.
REPORTED: dict[str, dict[str, float]] = {
    "images": {},
    "words": {
        NNGP: ANALOGIES_OF_KERNELS,
        NTK: ANALOGIES_OF_KERNELS,
        FINITE: ANALOGIES[1024],
        LIMIT: ANALOGIES[math.inf],
    },
    "few-shot": {
        NNGP: FEW_SHOT_OF_KERNELS["gp"],
        NTK: FEW_SHOT_OF_KERNELS["ntk"],
        FINITE: FEW_SHOT[8192],
        LIMIT: FEW_SHOT[math.inf],
    },
}


def moved_kernels(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the last layer's feature kernel [P, P] at infinite width, at initialisation and after training."""
    richest = table.at(gamma0=max)
    return limit_kernel(richest, "ntk_kernel"), limit_kernel(richest, "kernel", richest.deepest_layer("kernel"))
