"""CNNs over richness and width."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below
from infwidth.analysis.quantities import Exponent, Mean, PerDoubling
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2022.claims.tolerances import LOSS, RATE
from infwidth.papers.bordelon2022.measured import (
    class_alignments,
    layers_of,
    loss_gaps,
    relative_distances,
)


def _cnn_distances(tables: Tables) -> pd.DataFrame:
    nets, limit = (tables[name].at(gamma0=min) for name in ("cnn_networks", "cnn_limit"))
    return relative_distances(nets, limit, "kernel", layers_of(nets)[-1])


def _cnn_loss(tables: Tables) -> pd.DataFrame:
    nets, limit = (tables[name].at(gamma0=max) for name in ("cnn_networks", "cnn_limit"))
    return loss_gaps(nets.at(width=max), limit)


def _cnn_alignment(tables: Tables) -> pd.DataFrame:
    return class_alignments(tables["cnn_networks"].at(width=max).at_end().nets("kernel"))


def _cnn_final_losses(tables: Tables) -> pd.DataFrame:
    return tables["cnn_networks"].at(width=max).at_end().nets("train_loss")


CLAIMS = (
    Claim(
        "cnn_converges",
        "fig4",
        says="The feature kernels of trained CNNs in μP converge to those of the infinitely wide CNN as N^(−1/2).",
        measured=Exponent("the distance of the last layer's final kernel from the limit", _cnn_distances),
        expected=about(-1 / 2, within=RATE),
        note="At the smallest richness.",
    ),
    Claim(
        "cnn_losses",
        "fig4",
        says="The losses of CNNs depend on the width little where the richness is the same.",
        measured=Mean("train loss less the limit's, mean over training and relative to the initial one,", _cnn_loss),
        expected=about(0, within=LOSS),
        note="Of the widest nets at the largest richness.",
    ),
    Claim(
        "cnn_richer_aligns",
        "fig4",
        says="The feature kernels of richer CNNs align more with the task.",
        measured=PerDoubling("the alignment of the last layer's final kernel with yyᵀ", _cnn_alignment, axis="gamma0"),
        expected=above(0),
    ),
    Claim(
        "cnn_richer_trains_faster",
        "fig4",
        says="At equal initial speed, richer CNNs train faster.",
        measured=Exponent("the final train loss", _cnn_final_losses, axis="gamma0"),
        expected=below(0),
    ),
)
