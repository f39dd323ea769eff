"""The desiderata and the activity α = γ n^r, measured. Thresholds are exponents of theory, fixed before running."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, nets, several
from infwidth.analysis.statistics import Estimate, exponent
from infwidth.analysis.table import Table, Tables
from infwidth.papers.karkada2024.measured import DESIDERATA, RICHNESSES
from infwidth.topics.gauge_orbits.measures import difference_from_start

_RATE = 0.1
_PRECISION = 1e-10


def _farthest(estimates: list[Estimate]) -> Estimate:
    """Return the estimate that is farthest from zero."""
    return max(estimates, key=lambda estimate: abs(estimate.value))


def _of_richnesses(tables: Tables, choose: Callable[[Table], pd.DataFrame]) -> Estimate:
    table = tables["richness_step"]
    return _farthest([exponent(several(choose(table.at(richness=r)), "width")) for r in RICHNESSES])


def _less_theory(tables: Tables) -> Estimate:
    """Return of all richnesses r and γ the exponent in the width, less r − 1/2, that is farthest from zero."""
    table = tables["activity"].at(layer="h2")
    found = []
    for richness in RICHNESSES:
        for gamma in table.values("gamma"):
            e = exponent(several(table.at(richness=richness, gamma=gamma).nets("relative_change"), "width"))
            found.append(e.moved(float(Fraction(1, 2) - Fraction(richness))))
    return _farthest(found)


def _in_gamma(tables: Tables) -> Estimate:
    """Return of all richnesses the exponent in γ, less one, that is farthest from zero, at the widest nets."""
    table = tables["activity"].at(layer="h2", width=max)
    found = [exponent(table.at(richness=r).nets("relative_change"), x="gamma") for r in RICHNESSES]
    return _farthest([e.moved(-1) for e in found])


CLAIMS = (
    *(
        Claim(
            f"desideratum_{number}",
            "desiderata",
            says=f"{wanted.says}, at any richness from 0 to 1/2.",
            measured=Estimated(
                f"exponent in the width of {wanted.of}, of three richnesses the farthest from 0,",
                partial(_of_richnesses, choose=wanted.rows),
            ),
            expected=about(0, within=_RATE),
        )
        for number, wanted in enumerate(DESIDERATA)
    ),
    Claim(
        "desideratum_1_broken",
        "desiderata",
        says="In the standard parametrization one step's part of the loss grows as n (the control of desideratum 1).",
        measured=Exponent("the share of the loss that one step takes off", nets("standard_step", "loss_decrease")),
        expected=about(1, within=_RATE),
    ),
    Claim(
        "desideratum_3_broken",
        "desiderata",
        says="With a hidden rate smaller by √n a layer's own part in its update vanishes (control of desideratum 3).",
        measured=Exponent(
            "the layer's own part in the update of the last representation at r = 1/4",
            nets("slow_hidden", "layer_part", layer="h2", richness="1/4"),
        ),
        expected=about(-1 / 2, within=_RATE),
    ),
    Claim(
        "activity_keeps_the_power",
        "activity",
        says="A prefactor γ in the activity γ n^r leaves the power of the width as it is.",
        measured=Estimated(
            "exponent in the width of the representation update less r − 1/2, of all γ and r the farthest from 0,",
            _less_theory,
        ),
        expected=about(0, within=_RATE),
    ),
    Claim(
        "activity_scales_the_update",
        "activity",
        says="A prefactor γ in the activity γ n^r multiplies the representation update by γ.",
        measured=Estimated(
            "exponent in γ of the representation update less 1, of three richnesses the farthest from 0,", _in_gamma
        ),
        expected=about(0, within=0.05),
    ),
    Claim(
        "adam_gauge_keeps_the_function",
        "adam_gauges",
        says="Under Adam the change of a, b, c to a + θ, b − θ, c − θ leaves the function unchanged at all times.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps",
            lambda tables: difference_from_start(tables["adam_orbit"], tables["adam_orbit"]).value.max(),
        ),
        expected=at_most(_PRECISION),
        note="Adam's eps moves with the gradient; the interval is the number itself.",
    ),
    Claim(
        "sgd_gauge_is_none_of_adam",
        "adam_gauges",
        says="Under Adam the gauge change of SGD, c − 2θ, leads to another training.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps, of the θ with the smallest,",
            lambda tables: (
                difference_from_start(tables["adam_as_sgd"], tables["adam_orbit"]).groupby("theta").value.max().min()
            ),
        ),
        expected=above(1e-3),
    ),
)
