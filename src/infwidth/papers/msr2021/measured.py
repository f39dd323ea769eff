"""What the figures and claims of the Microsoft post share."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.distances import kernels, limit_kernel, relative_distance
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


def trained_kernel(networks: Table) -> np.ndarray:
    """Return the last layer's feature kernel [P, P] of the first of the trained nets."""
    return next(iter(_last_kernels(networks).values()))


def _last_kernels(networks: Table) -> dict[tuple[float, int], np.ndarray]:
    richest = networks.at(gamma0=max)
    layer = richest.deepest_layer("kernel")
    return kernels(richest, step=richest.last_step(), layer=layer, axis="gamma0")


def nearness(networks: Table, limit: Table) -> pd.DataFrame:
    """Return for every trained net how far its last feature kernel is from the feature-learning limit's.

    In units of its distance from that of the kernel limits, which is the one before training, and infinite for a net
    that stayed there: columns seed, value.
    """
    of_nets = _last_kernels(networks)
    from_start, from_limit = (
        np.array([relative_distance(of_limit, kernel) for kernel in of_nets.values()])
        for of_limit in moved_kernels(limit)
    )
    ratios = np.divide(from_limit, from_start, out=np.full_like(from_start, np.inf), where=from_start > 0)
    return pd.DataFrame({"seed": [seed for _, seed in of_nets], "value": ratios})
