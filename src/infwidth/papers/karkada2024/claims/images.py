"""Convolutional nets: the same two bundles, and rich below lazy."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.papers.karkada2024.measured import nets


def _final(table: pd.DataFrame) -> pd.DataFrame:
    losses = nets(table, "test_loss")
    return losses[losses.step == losses.step.max()]


def _both_ends(final: pd.DataFrame) -> pd.DataFrame:
    by_richness = final.pivot_table(index="seed", columns="richness", values="value")
    if not {"0", "1/2"} <= set(by_richness):
        raise NotTestableError("Only one end of the scale is run at this scale.")
    return by_richness


def _gap(table: pd.DataFrame) -> Estimate:
    losses = _both_ends(_final(table))
    return mean_over_seeds(np.log(losses["0"].to_numpy() / losses["1/2"].to_numpy()))


def _spread_over_gap(tables: Tables) -> Estimate:
    final = _final(tables["cnn_curves"])
    bundles = final.groupby(["seed", "richness"]).value
    spread = (bundles.max() - bundles.min()).groupby("seed").max()
    losses = _both_ends(final)
    gap = (losses["0"] - losses["1/2"]).abs()
    return mean_over_seeds(spread.to_numpy() / gap.loc[spread.index].to_numpy())


def _rich_below_lazy(figure: str, table: str) -> Claim:
    return Claim(
        figure=figure,
        name=f"{figure}_rich_below_lazy",
        statement="At equal steps rich training reaches a lower test loss than lazy training.",
        expected="log(final test loss at r = 0 / at r = 1/2) > 0, paired over seeds",
        accept=(0.0, math.inf),
        measure=lambda tables: _gap(tables[table]),
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
