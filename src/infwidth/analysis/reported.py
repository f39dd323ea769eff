"""Numbers that Tensor Programs IV reports, for the papers that draw them beside what is measured here."""

import math

#: Part of the word analogies answered right on text8 (Table 3): by width, and by both kernels.
ANALOGIES = {64: 0.3335, 256: 0.4158, 1024: 0.4256, math.inf: 0.4331}
ANALOGIES_OF_KERNELS = 0.0

#: Test accuracy on Omniglot, 5-way and 1-shot (Table 2): by width, and by kernel.
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
