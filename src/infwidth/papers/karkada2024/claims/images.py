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
            says=f"At equal steps rich training of a {net} reaches a lower test loss than lazy training.",
            measured=Mean("log(final test loss at r = 0 / at r = 1/2), paired over seeds,", on(table, lazy_over_rich)),
            expected=above(0),
            note="The paper's images are CIFAR-10; below workstation scale they are MNIST.",
        )
        for figure, table, net in (("cnn", "cnn_curves", "CNN"), ("conv_mixer", "mixer_curves", "convolutional mixer"))
    ),
)
