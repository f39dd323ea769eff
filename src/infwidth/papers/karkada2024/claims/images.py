"""Convolutional nets: the same two bundles, and rich below lazy."""

import numpy as np

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above, below
from infwidth.analysis.quantities import Mean, on
from infwidth.analysis.table import Table
from infwidth.papers.karkada2024.measured import lazy_over_rich, losses_of_both_ends


def _spread_over_gap(curves: Table) -> np.ndarray:
    bundles = curves.at_end().nets("test_loss").groupby(["seed", "richness"]).value
    spread = (bundles.max() - bundles.min()).groupby("seed").max()
    losses = losses_of_both_ends(curves)
    return spread.to_numpy() / (losses["0"] - losses["1/2"]).abs().loc[spread.index].to_numpy()


#: Figure, table, net, what was measured before, and what a pilot at laptop scale says of each end at its own best rate.
_NETS = (
    (
        "cnn",
        "cnn_curves",
        "CNN",
        "0.014 (−0.002 … 0.031)",
        "at their own best rates, 128 and 16, both ended alike in a pilot, at 0.017 to 0.026 and 0.020 to 0.039.",
    ),
    (
        "conv_mixer",
        "mixer_curves",
        "convolutional mixer",
        "0.039 (0.007 … 0.071)",
        "at their own best rates, 32 and 2, lazy ones reached 0.022 in a pilot and rich ones 0.031.",
    ),
)

CLAIMS = (
    Claim(
        "cnn_two_bundles",
        "cnn",
        says="The five parametrizations of a convolutional net fall into two bundles.",
        measured=Mean(
            "spread within a bundle over the gap between the bundles, in final test loss,",
            on("cnn_curves", _spread_over_gap),
        ),
        expected=below(0.1),
    ),
    *(
        Claim(
            f"{figure}_rich_below_lazy",
            figure,
            says=f"At equal rate and steps rich training of a {net} reaches a lower test loss than lazy training.",
            measured=Mean("log(final test loss at r = 0 / at r = 1/2), paired over seeds,", on(table, lazy_over_rich)),
            expected=above(0),
            note="The paper's images are CIFAR-10; below workstation scale they are MNIST. Settings were changed: "
            f"before, rate 1 and nets at the loss of the constant 1/10, {before}. At equal rates lazy nets are slower; "
            f"{tuned}",
        )
        for figure, table, net, before, tuned in _NETS
    ),
)
