"""Dynamical mean field theory against deep linear networks. Thresholds are those of the reading notes' checks."""

from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import at_most, between
from infwidth.analysis.quantities import Mean
from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import alignments


def _worst_layer(tables: Tables, gamma0: float) -> pd.Series:
    return alignments(tables, gamma0, "kernel").groupby("seed").value.min()


def _last_layer(tables: Tables, gamma0: float) -> pd.Series:
    found = alignments(tables, gamma0, "ntk_kernel")
    return found[found.layer == tables["dmft_networks"].deepest_layer("kernel")].value


def _loss_gap(tables: Tables, gamma0: float) -> pd.Series:
    nets, limit = (tables[name].at(gamma0=gamma0) for name in ("dmft_networks", "dmft_limit"))
    curve, losses = limit.limit("train_loss").set_index("step").value, nets.nets("train_loss")
    gaps = losses.assign(gap=(losses.value - curve.reindex(losses.step).to_numpy()).abs() / curve.loc[0])
    return gaps.groupby("seed").gap.max()


CLAIMS = (
    *(
        Claim(
            f"dmft_kernels_at_{name}",
            "dmft_kernels",
            says=f"The DMFT limit describes the feature kernels of a wide deep linear network trained at γ₀ = {g:g}.",
            measured=Mean("cosine of network and DMFT kernels in the worst layer", partial(_worst_layer, gamma0=g)),
            expected=between(0.98, 1),
        )
        for name, g in (("half", 0.5), ("one", 1.0))
    ),
    Claim(
        "static_ntk_fails",
        "dmft_kernels",
        says="The static NTK fails to describe the feature kernels of a deep linear network trained at γ₀ = 1.",
        measured=Mean("cosine of network and static NTK in the last layer", partial(_last_layer, gamma0=1.0)),
        expected=at_most(0.8),
    ),
    Claim(
        "dmft_loss_at_one",
        "dmft_kernels",
        says="The DMFT limit describes the train loss of a wide deep linear network at γ₀ = 1.",
        measured=Mean("largest gap to the limit's loss, relative to the initial loss", partial(_loss_gap, gamma0=1.0)),
        expected=at_most(0.05),
    ),
)
