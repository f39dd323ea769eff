"""Nonlinear nets, and two solutions of their mean field theory."""

from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most, below, between
from infwidth.analysis.quantities import Exactly, Exponent, Mean
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2022.claims.tolerances import CLOSE, LOSS, RATE
from infwidth.papers.bordelon2022.measured import (
    KERNELS,
    cosines,
    density_distance,
    difference_of_solutions,
    layers_of,
    loss_gaps,
    relative_distances,
)

_WORDS = {"kernel": "feature", "gradient_kernel": "gradient"}


def _rich(tables: Tables) -> tuple[Table, Table]:
    """Return the nonlinear nets of growing width, and the limit of their richness."""
    nets, limit = tables["nonlinear_widths"], tables["nonlinear_program"]
    return nets, limit.at(gamma0=tuple(nets.values("gamma0")))


def _converging(tables: Tables, metric: str, deepest: bool) -> pd.DataFrame:
    nets, limit = _rich(tables)
    return relative_distances(nets, limit, metric, layers_of(nets)[-1 if deepest else 0])


def _worst_cosine(tables: Tables, *, initial: bool) -> pd.Series:
    nets, limit = _rich(tables)
    found = cosines(nets.at(width=max(w for w in nets.values("width") if w <= 512)), limit, initial=initial)
    return found.groupby("seed").value.min()


def _nonlinear_loss(tables: Tables) -> pd.DataFrame:
    nets, limit = (tables[name].at(gamma0=max) for name in ("nonlinear_networks", "nonlinear_program"))
    return loss_gaps(nets, limit)


def _final_losses(tables: Tables) -> pd.DataFrame:
    return tables["nonlinear_networks"].at_end().nets("train_loss")


def _densities_apart(tables: Tables, *, trained: bool) -> float:
    nets = tables["nonlinear_networks"].at(gamma0=max)
    limit = tables["nonlinear_dmft"].at(gamma0=max)
    end, layer = nets.last_step(), nets.deepest_layer("density")
    here = nets.at(layer=layer, step=end if trained else 0).ensemble("density")
    return density_distance(here, limit.at(layer=layer, step=end).limit("density"), nets.ensemble("bin_centre"))


CLAIMS = (
    Claim(
        "solutions_agree",
        "fig1",
        says="Two computations of the infinite-width limit of a tanh net, alternating Monte Carlo of the mean field "
        "theory and a tensor program on sampled neurons, find the same kernels.",
        measured=Exactly(
            "rms difference of the final kernels of both, in its standard errors,",
            partial(difference_of_solutions, in_errors=True),
        ),
        expected=at_most(2),
        note="One is expected; a few more as the errors are of few samples.",
    ),
    Claim(
        "solutions_close",
        "fig1",
        says="Two computations of the infinite-width limit of a tanh net find kernels close to each other.",
        measured=Exactly(
            "largest relative distance of a final kernel between both",
            partial(difference_of_solutions, in_errors=False),
        ),
        expected=at_most(0.05),
    ),
    *(
        Claim(
            f"{_WORDS[metric]}s_converge",
            "fig1",
            says=f"The {_WORDS[metric]} kernels of trained tanh nets converge to their mean field theory as N^(−1/2).",
            measured=Exponent(
                f"the distance of the {place} layer's final {_WORDS[metric]} kernel from the limit",
                partial(_converging, metric=metric, deepest=place == "last"),
            ),
            expected=about(-1 / 2, within=RATE),
            note="Features of the last and gradients of the first layer, which come last in either pass.",
        )
        for metric, place in zip(KERNELS, ("last", "first"), strict=True)
    ),
    Claim(
        "nearly_perfect_at_500",
        "fig1",
        says="From widths of about 500 the kernels of a trained tanh net are nearly those of the mean field theory.",
        measured=Mean(
            "cosine of a net's final kernels with the limit's in the worst layer, of Φ and G,",
            partial(_worst_cosine, initial=False),
        ),
        expected=between(CLOSE, 1),
        control=Mean("the same with the limit's initial kernels", partial(_worst_cosine, initial=True)),
    ),
    Claim(
        "nonlinear_losses",
        "fig1",
        says="The mean field theory predicts the train loss of wide tanh nets in the rich regime.",
        measured=Mean(
            "train loss less the limit's, mean over training and relative to the initial one,", _nonlinear_loss
        ),
        expected=about(0, within=LOSS),
    ),
    Claim(
        "richer_trains_faster",
        "fig1",
        says="At equal initial speed, richer nets train faster.",
        measured=Exponent("the final train loss", _final_losses, axis="gamma0"),
        expected=below(0),
    ),
    Claim(
        "densities_match",
        "fig1",
        says="The mean field theory predicts the densities of preactivations after training, which are no Gaussians.",
        measured=Exactly(
            "half the integral of the difference of the last layer's densities", partial(_densities_apart, trained=True)
        ),
        expected=at_most(0.05),
        control=Exactly("the same of nets before training", partial(_densities_apart, trained=False)),
    ),
)
