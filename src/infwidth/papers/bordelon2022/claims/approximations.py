"""What approximates the mean field theory of deep linear nets."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, between
from infwidth.analysis.quantities import Estimated, Mean, on
from infwidth.analysis.statistics import Estimate, exponent
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2022.claims.tolerances import CLOSE, RATE
from infwidth.papers.bordelon2022.measured import (
    APPROXIMATIONS,
    cosines,
    layers_of,
    theory_cosines,
    theory_distances,
)

_NAMES = {
    "independent_gradients": "the approximation of independent gradients",
    "perturbation": "perturbation theory",
    "static": "the static kernel",
}


def _order(theory: str) -> Callable[[Table], Estimate]:
    def order(theories: Table) -> Estimate:
        small = theories.at(gamma0=tuple(g for g in theories.values("gamma0") if g <= 0.125))
        distance = theory_distances(small, theory)
        rates = np.diff(np.log(distance.value)) / np.diff(np.log(distance.gamma0))
        return Estimate(exponent(distance.assign(seed=0), x="gamma0").value, rates.min(), rates.max(), 1)

    return order


def _richest(tables: Tables) -> pd.DataFrame:
    """Return the cosines at the largest richness, [seeds, theories]."""
    found = theory_cosines(tables)
    return found[found.gamma0 == found.gamma0.max()].pivot(index="seed", columns="theory", values="value")


def _ahead(tables: Tables) -> pd.Series:
    of_theories = _richest(tables)
    return of_theories.dmft - of_theories[list(APPROXIMATIONS)].max(axis=1)


def _static_last_layer(tables: Tables) -> pd.Series:
    nets, theories = tables["richness_networks"].at(gamma0=max), tables["richness_theories"]
    static = theories.at(gamma0=max, theory="static")
    found = cosines(nets, static, metrics=("kernel",))
    return found[found.layer == layers_of(nets)[-1]].value


CLAIMS = (
    *(
        Claim(
            f"order_of_{theory}",
            "fig3",
            says=f"As γ₀ → 0 {_NAMES[theory]} becomes the mean field theory of deep linear nets, with an error of "
            f"order γ₀^{order}.",
            measured=Estimated(
                f"exponent in γ₀ of the distance of the kernels of {_NAMES[theory]} from the exact ones",
                on("richness_theories", _order(theory)),
            ),
            expected=about(order, within=RATE),
            note="Two equations compared, no sample: the interval spans the exponents of successive doublings of γ₀."
            + (
                " The order is 4 only with the coefficients c = L (L + 1)² (L + 2)/12; with L (L + 1)/2, which is what "
                "independent gradients give, it is 2 as for the others."
                if theory == "perturbation"
                else ""
            ),
        )
        for theory, order in zip(APPROXIMATIONS, (2, 4, 2), strict=True)
    ),
    Claim(
        "dmft_at_large_richness",
        "fig3",
        says="The mean field theory predicts the feature kernels of a deep linear net at large richness.",
        measured=Mean(
            "cosine of network and DMFT kernels, mean over layers, at the largest γ₀", lambda t: _richest(t).dmft
        ),
        expected=between(CLOSE, 1),
        control=Mean("the same of the static kernel", lambda t: _richest(t).static),
    ),
    Claim(
        "only_dmft",
        "fig3",
        says="At large richness only the full mean field theory predicts the feature kernels of a deep linear net.",
        measured=Mean("cosine with DMFT less the best of the three approximations', at the largest γ₀,", _ahead),
        expected=above(0),
    ),
    Claim(
        "static_fails",
        "fig3",
        says="The static kernel fails to describe the last layer of a deep linear net at large richness.",
        measured=Mean("cosine of network and static kernel in the last layer, at the largest γ₀", _static_last_layer),
        expected=at_most(0.8),
    ),
)
