"""Dynamical mean field theory against deep linear networks. Thresholds are those of the reading notes' checks."""

import numpy as np

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.selection import deepest_layer
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.papers.harvard2024.measured import alignments


def _worst_layer(tables: Tables, gamma0: float) -> Estimate:
    return mean_over_seeds(alignments(tables, gamma0, "kernel").groupby("seed").value.min().to_numpy())


def _last_layer(tables: Tables, gamma0: float) -> Estimate:
    found = alignments(tables, gamma0, "ntk_kernel")
    return mean_over_seeds(found[found.layer == deepest_layer(tables["dmft_networks"], "kernel")].value.to_numpy())


def _loss_gap(tables: Tables, gamma0: float) -> Estimate:
    nets, limit = (table[table.gamma0 == gamma0] for table in (tables["dmft_networks"], tables["dmft_limit"]))
    curve = limit[limit.metric == "train_loss"].set_index("step").value
    losses = nets[(nets.metric == "train_loss") & (nets.seed >= 0)]
    if curve.empty or losses.empty:
        raise NotTestableError(f"Richness {gamma0} is not run at this scale.")
    gaps = losses.assign(gap=np.abs(losses.value - curve.reindex(losses.step).to_numpy()) / curve.loc[0])
    return mean_over_seeds(gaps.groupby("seed").gap.max().to_numpy())


CLAIMS = (
    Claim(
        figure="dmft_kernels",
        name="dmft_kernels_at_half",
        statement="The DMFT limit describes the feature kernels of a wide deep linear network after training (γ0 = ½).",
        expected="cosine of network and DMFT in the worst layer ≥ 0.98",
        accept=(0.98, 1.0),
        measure=lambda tables: _worst_layer(tables, 0.5),
    ),
    Claim(
        figure="dmft_kernels",
        name="dmft_kernels_at_one",
        statement="The DMFT limit describes the feature kernels of a wide deep linear network after training (γ0 = 1).",
        expected="cosine of network and DMFT in the worst layer ≥ 0.98",
        accept=(0.98, 1.0),
        measure=lambda tables: _worst_layer(tables, 1.0),
    ),
    Claim(
        figure="dmft_kernels",
        name="static_ntk_fails",
        statement="The static NTK fails to describe the feature kernels of the same network.",
        expected="cosine of network and static NTK in the last layer at γ0 = 1 below 0.8",
        accept=(-1.0, 0.8),
        measure=lambda tables: _last_layer(tables, 1.0),
    ),
    Claim(
        figure="dmft_kernels",
        name="dmft_loss_at_one",
        statement="The DMFT limit describes the loss of the same network during training (γ0 = 1).",
        expected="largest gap of the train loss to the limit's, relative to the initial loss, below 0.05",
        accept=(0.0, 0.05),
        measure=lambda tables: _loss_gap(tables, 1.0),
    ),
)
