"""What tables of few-shot learners say; and the numbers that Tensor Programs IV reports."""

import math

from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.analysis.table import Table

#: Test accuracy on Omniglot, 5-way and 1-shot (Yang & Hu 2021, Table 2): by width, and by kernel.
FEW_SHOT = {
    2: 0.5534,
    8: 0.6454,
    32: 0.6621,
    128: 0.6631,
    512: 0.6643,
    2048: 0.6636,
    8192: 0.6641,
    math.inf: 0.6642,
}
FEW_SHOT_OF_KERNELS = {"gp": 0.4760, "ntk": 0.4782, "linear_kernel": 0.4168}


def limit_less_best_kernel(linear: Table, *kernels: Table) -> Estimate:
    """Return the test accuracy of the μP limit less that of the best kernel, seed by seed (seeds share their tasks)."""
    accuracies = [kernel.limit("test_accuracy").set_index("seed").value for kernel in kernels]
    best = max(accuracies, key=lambda values: values.mean())
    return mean_over_seeds((linear.limit("test_accuracy").set_index("seed").value - best).dropna().to_numpy())
