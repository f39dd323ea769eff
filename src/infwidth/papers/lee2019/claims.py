"""Claims on wide nets as linear models; intervals are from theory, with tolerances fixed before running."""

import numpy as np

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most, between
from infwidth.analysis.quantities import Exponent, Mean, Quantity, nets
from infwidth.analysis.table import Tables
from infwidth.papers.lee2019.measured import LAYERS

#: Of exponents of matrices; of other exponents; of the part in the mean function, of variances and of losses.
WEIGHTS, RATE, SHARE, SPREAD, LOSS = 0.1, 0.15, 0.1, 0.2, 0.1

#: Of tanh nets on 64 images at laptop scale, and 128 at workstation scale; measured beside the ledger, eight nets each.
_FEW_EXAMPLES = (
    "Widths are not far above the number of examples, which is why the slope is less than one: of widths 64 to 512 the "
    "distance from the linearization has −0.95 with 8 examples, −0.90 with 16 and −0.87 with 64, the change of the "
    "kernel −0.92, −0.86 and −0.83."
)


def _difference_of_losses(tables: Tables) -> np.ndarray:
    final = tables["relu"].at(width=max).at_end()
    net, linear = (final.nets(name).set_index("seed").value for name in ("test_loss", "linear_test_loss"))
    return (net / linear - 1).to_numpy()


def _spread(metric: str) -> Quantity:
    return Mean(
        "the variance of trained nets about the mean of the law, in units of the law's,",
        nets("ensemble", metric, at_end=True),
    )


CLAIMS = (
    *(
        Claim(
            f"weights_of_{layer}",
            "fig1",
            says=f"In the NTK parametrization the weights of the {words} of four layers change in training, relative "
            f"to their size, as n^({'−1/2' if power == -0.5 else '−1'}).",
            measured=Exponent(
                f"the relative change of the weights of the {words} layer",
                nets("relu", "weight_change", at_end=True, layer=layer),
            ),
            expected=about(power, within=WEIGHTS),
        )
        for layer, (words, power) in LAYERS.items()
    ),
    Claim(
        "kernels_of_relu_freeze",
        "fig1",
        says="The tangent kernels of ReLU nets change in training by less than n^(−1/2), close to 1/n.",
        measured=Exponent("the relative change of kernels of ReLU nets", nets("relu", "kernel_change", at_end=True)),
        expected=between(-1.1, -0.65),
        note="1/n without kinks, n^(−3/4) by the neurons that pass one (derived here), give or take 0.1. "
        "The interval was written after runs to choose widths.",
    ),
    Claim(
        "kernels_of_tanh_freeze",
        "fig1",
        says="The tangent kernels of tanh nets change in training as 1/n.",
        measured=Exponent("the relative change of kernels of tanh nets", nets("tanh", "kernel_change", at_end=True)),
        expected=about(-1, within=RATE),
        note=_FEW_EXAMPLES,
    ),
    Claim(
        "initial_kernels_converge",
        "fig1",
        says="Tangent kernels at initialisation on images converge to the infinite net's as n^(−1/2).",
        measured=Exponent("the relative distance of initial kernels", nets("relu", "kernel_distance")),
        expected=about(-1 / 2, within=RATE),
    ),
    Claim(
        "mean_of_the_ensemble",
        "fig2",
        says="The mean of trained nets on test images is that of the linearized infinite ensemble.",
        measured=Mean("the part of single nets in the mean of the law", nets("ensemble", "share", at_end=True)),
        expected=about(1, within=SHARE),
    ),
    Claim(
        "spread_of_the_ensemble",
        "fig2",
        says="Trained nets spread on test images as the linearized infinite ensemble does.",
        measured=_spread("square"),
        expected=about(1, within=SPREAD),
        control=_spread("readout_square"),
        note="Along the eight largest axes of the law over all test images. Control: the law of nets whose readout "
        "only is trained.",
    ),
    Claim(
        "relu_nets_are_linear",
        "fig3",
        says="The outputs of ReLU nets differ from those of their linearization by n^(−1/2) at most, at all times.",
        measured=Exponent("the distance of ReLU nets from their linearization", nets("relu", "distance", at_end=True)),
        expected=at_most(-1 / 2),
    ),
    Claim(
        "tanh_nets_are_linear",
        "fig3",
        says="The outputs of tanh nets differ from those of their linearization by 1/n.",
        measured=Exponent("the distance of tanh nets from their linearization", nets("tanh", "distance", at_end=True)),
        expected=about(-1, within=RATE),
        note="The paper's theorem has n^(−1/2) as a bound; 1/n is the order of the change of the kernel. "
        + _FEW_EXAMPLES,
    ),
    Claim(
        "losses_agree",
        "fig3",
        says="The test loss of a wide net is that of its linearization.",
        measured=Mean(
            "test loss of the widest ReLU nets relative to that of their linearization, less one,",
            _difference_of_losses,
        ),
        expected=about(0, within=LOSS),
    ),
)
