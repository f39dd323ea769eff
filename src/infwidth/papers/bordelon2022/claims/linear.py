"""Deep linear nets and their mean field theory."""

from functools import partial

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.distances import alignment
from infwidth.analysis.expected import about, above, between
from infwidth.analysis.quantities import Estimated, Mean, on
from infwidth.analysis.statistics import Estimate, change_per_doubling
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2022.claims.tolerances import CLOSE, LOSS
from infwidth.papers.bordelon2022.measured import (
    cosines,
    displacements,
    layers_of,
    limit_of,
    loss_gaps,
    mean_of,
)


def _deepest(tables: Tables) -> tuple[Table, Table]:
    nets, limit = (tables[name].at(n_hidden=max) for name in ("linear_networks", "linear_theory"))
    return nets, limit


def _linear_cosine(tables: Tables, *, initial: bool) -> pd.Series:
    nets, limit = _deepest(tables)
    found = cosines(nets, limit, metrics=("kernel",), initial=initial)
    return found.groupby("seed").value.min()


def _gradients_in_time(tables: Tables, *, moving: bool) -> pd.Series:
    nets, limit = _deepest(tables)
    records = []
    for layer in layers_of(nets):
        exact = limit_of(limit, "gradient_in_time", layer)
        for seed, rows in nets.at(layer=layer).nets("gradient_in_time").groupby("seed"):
            records.append((seed, alignment(mean_of(rows), exact if moving else np.ones_like(exact))))
    return pd.DataFrame(records, columns=["seed", "value"]).groupby("seed").value.min()


def _linear_loss(tables: Tables) -> pd.DataFrame:
    return loss_gaps(*_deepest(tables))


def _moved_with_depth(nets: Table) -> Estimate:
    return change_per_doubling(displacements(nets), x="n_hidden")


CLAIMS = (
    Claim(
        "linear_losses",
        "fig2",
        says="The mean field theory predicts the train loss of wide deep linear nets.",
        measured=Mean("train loss less the limit's, mean over training and relative to the initial one,", _linear_loss),
        expected=about(0, within=LOSS),
        note="Of the deepest nets.",
    ),
    Claim(
        "linear_features",
        "fig2",
        says="The mean field theory predicts the final feature kernels of all layers of deep linear nets.",
        measured=Mean("cosine with the limit in the worst layer", partial(_linear_cosine, initial=False)),
        expected=between(CLOSE, 1),
        control=Mean("the same with the limit's initial kernels", partial(_linear_cosine, initial=True)),
        note="Of the deepest nets.",
    ),
    Claim(
        "linear_gradients",
        "fig2",
        says="The mean field theory predicts how gradients of deep linear nets are correlated over time.",
        measured=Mean("cosine of G(t, s) with the limit in the worst layer", partial(_gradients_in_time, moving=True)),
        expected=between(CLOSE, 1),
        control=Mean("the same with gradients that stay", partial(_gradients_in_time, moving=False)),
        note="Of the deepest nets.",
    ),
    Claim(
        "deeper_moves_more",
        "fig2",
        says="At equal richness the features of deeper linear nets move more.",
        measured=Estimated(
            "change of the feature kernels' displacement, 1 − cosine with the initial ones, per doubling of the depth",
            on("linear_networks", _moved_with_depth),
        ),
        expected=above(0),
    ),
)
