"""What the figures and claims of the Microsoft post share."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.distances import kernels, limit_kernel, relative_distance
from infwidth.analysis.lr_optimum import nets_at_best
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table
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


#: From so many images on the post's statement on CIFAR-10 can be tested; with few, kernels are known to win.
ENOUGH_IMAGES = 10_000


def n_images(table: Table) -> int:
    """Return the number of training images of a table that has one."""
    return int(max(table.values("train_size")))


def tuned(nets: Table) -> pd.DataFrame:
    """Return the test accuracies of the widest nets, a row a seed, at the rate of their lowest mean train loss."""
    return nets_at_best(nets.at(width=max), metric="train_loss").at_end().nets("test_accuracy")


def net_over_kernels(nets: Table, of_kernels: Table) -> Estimate:
    """Return the test accuracy of the widest nets less that of the better kernel.

    The interval is over seeds and over the draw of the test set, as if the two sides had one each; raises
    NotTestableError where images are too few for the statement.
    """
    if (images := n_images(nets)) < ENOUGH_IMAGES:
        raise NotTestableError(f"The statement is on all of CIFAR-10; {images} small images are where kernels win.")
    accuracies, kernel = tuned(nets).value, float(of_kernels.limit("test_accuracy").value.max())
    of_seeds = mean_over_seeds((accuracies - kernel).to_numpy())
    drawn = sum(p * (1 - p) for p in (float(accuracies.mean()), kernel)) / max(nets.values("test_size"))
    half = math.hypot((of_seeds.high - of_seeds.low) / 2, 1.96 * math.sqrt(drawn))
    return Estimate(of_seeds.value, of_seeds.value - half, of_seeds.value + half, of_seeds.n)
