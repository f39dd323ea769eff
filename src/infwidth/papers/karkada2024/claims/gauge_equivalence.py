"""Gauges are one training: to the precision of the arithmetic, and with weight decay only if it moves too."""

import math

import pandas as pd

from infwidth.analysis.claims import ABOVE_ZERO, Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, exact
from infwidth.papers.karkada2024.measured import largest_difference, lazy_over_rich

#: Steps of the reading notes' test; rounding differences grow with training, so an equality needs a horizon.
HORIZON = 50
PRECISION = 1e-12


def _within_bundle(tables: Tables, richness: str) -> Estimate:
    curves = tables["gauge_curves"]
    return _largest(curves[curves.richness == richness])


def _with_weight_decay(tables: Tables, transformed: bool) -> Estimate:
    curves = tables["weight_decay"]
    return _largest(curves[curves.transform_weight_decay == transformed])


def _largest(curves: pd.DataFrame) -> Estimate:
    if curves.empty:
        raise NotTestableError("Not run at this scale.")
    value = float(largest_difference(curves, [], until=HORIZON).value.max())
    return exact(value, curves[curves.seed >= 0].seed.nunique())


def _gap(tables: Tables) -> Estimate:
    curves = tables["gauge_curves"]
    return lazy_over_rich(curves[curves.gauge == "stp"])


_EXACT = "Two separate trainings from the same nets in double precision; the interval is the number itself."

CLAIMS = (
    *(
        Claim(
            figure="gauge_equivalence",
            name=f"{name}_bundle_is_one_training",
            statement=f"The parametrizations of the {name} end are one training in different gauges: {members}.",
            expected=f"largest relative difference of losses in {HORIZON} steps ≤ {PRECISION:g}",
            accept=(0.0, PRECISION),
            measure=lambda tables, richness=richness: _within_bundle(tables, richness),  # type: ignore[misc]
            note=_EXACT,
        )
        for name, richness, members in (("lazy", "0", "NTP and NTP-lr"), ("rich", "1/2", "μP, μP-lr and MFP"))
    ),
    Claim(
        figure="gauge_equivalence",
        name="bundles_differ",
        statement="The two bundles differ: the rich one ends at a lower test loss.",
        expected="log(final test loss at r = 0 / at r = 1/2) > 0, paired over seeds",
        accept=ABOVE_ZERO,
        measure=_gap,
    ),
    Claim(
        figure="gauge_equivalence",
        name="weight_decay_breaks_the_gauge",
        statement="One weight decay for all gauges breaks the equivalence.",
        expected=f"largest relative difference of losses in {HORIZON} steps > 0.001",
        accept=(1e-3, math.inf),
        measure=lambda tables: _with_weight_decay(tables, False),
        note=_EXACT,
    ),
    Claim(
        figure="gauge_equivalence",
        name="transformed_weight_decay_keeps_it",
        statement="Weight decay transformed with the gauge, λ → λ/θ², keeps the equivalence.",
        expected=f"largest relative difference of losses in {HORIZON} steps ≤ {PRECISION:g}",
        accept=(0.0, PRECISION),
        measure=lambda tables: _with_weight_decay(tables, True),
        note=_EXACT,
    ),
)
