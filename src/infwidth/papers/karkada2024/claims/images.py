"""Convolutional nets: the same two bundles, and rich below lazy."""

import math

from infwidth.analysis.claims import ABOVE_ZERO, Claim, Tables
from infwidth.analysis.selection import at_the_end
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.papers.karkada2024.measured import lazy_over_rich, losses_of_both_ends


def _spread_over_gap(tables: Tables) -> Estimate:
    bundles = at_the_end(tables["cnn_curves"], "test_loss").groupby(["seed", "richness"]).value
    spread = (bundles.max() - bundles.min()).groupby("seed").max()
    losses = losses_of_both_ends(tables["cnn_curves"])
    gap = (losses["0"] - losses["1/2"]).abs()
    return mean_over_seeds(spread.to_numpy() / gap.loc[spread.index].to_numpy())


def _rich_below_lazy(figure: str, table: str) -> Claim:
    return Claim(
        figure=figure,
        name=f"{figure}_rich_below_lazy",
        statement="At equal steps rich training reaches a lower test loss than lazy training.",
        expected="log(final test loss at r = 0 / at r = 1/2) > 0, paired over seeds",
        accept=ABOVE_ZERO,
        measure=lambda tables: lazy_over_rich(tables[table]),
        note="The paper's images are CIFAR-10; below workstation scale they are MNIST.",
    )


CLAIMS = (
    Claim(
        figure="cnn",
        name="cnn_two_bundles",
        statement="The five parametrizations of a convolutional net fall into two bundles.",
        expected="spread within a bundle < 0.1 of the gap between the bundles, in final test loss",
        accept=(-math.inf, 0.1),
        measure=_spread_over_gap,
    ),
    _rich_below_lazy("cnn", "cnn_curves"),
    _rich_below_lazy("conv_mixer", "mixer_curves"),
)
