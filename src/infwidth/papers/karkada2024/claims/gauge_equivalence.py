"""Gauges are one training: to the precision of the arithmetic, and with weight decay only if it moves too."""

from typing import Any

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above, at_most
from infwidth.analysis.quantities import Estimated, Mean
from infwidth.analysis.statistics import Estimate, exact
from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import largest_difference, lazy_over_rich

#: Steps of the reading notes' test; rounding differences grow with training, so an equality needs a horizon.
HORIZON = 50
PRECISION = 1e-12

_EXACT = "Two separate trainings from the same nets in double precision; the interval is the number itself."


def _difference(experiment: str, **where: Any) -> Estimated:
    def measure(tables: Tables) -> Estimate:
        curves = tables[experiment].at(**where)
        return exact(largest_difference(curves, [], until=HORIZON).value.max(), len(curves.seeds()))

    return Estimated(f"largest relative difference of losses in {HORIZON} steps", measure)


CLAIMS = (
    *(
        Claim(
            f"{name}_bundle_is_one_training",
            "gauge_equivalence",
            says=f"The parametrizations of the {name} end are one training in different gauges: {members}.",
            measured=_difference("gauge_curves", richness=richness),
            expected=at_most(PRECISION),
            note=_EXACT,
        )
        for name, richness, members in (("lazy", "0", "NTP and NTP-lr"), ("rich", "1/2", "μP, μP-lr and MFP"))
    ),
    Claim(
        "bundles_differ",
        "gauge_equivalence",
        says="The lazy and the rich bundle of parametrizations differ: the rich one ends at a lower test loss.",
        measured=Mean(
            "log(final test loss at r = 0 / at r = 1/2), paired over seeds,",
            lambda tables: lazy_over_rich(tables["gauge_curves"].at(gauge="stp")),
        ),
        expected=above(0),
    ),
    Claim(
        "weight_decay_breaks_the_gauge",
        "gauge_equivalence",
        says="One weight decay for all gauges breaks their equivalence.",
        measured=_difference("weight_decay", transform_weight_decay=False),
        expected=above(1e-3),
        note=_EXACT,
    ),
    Claim(
        "transformed_weight_decay_keeps_it",
        "gauge_equivalence",
        says="Weight decay transformed with the gauge, λ → λ/θ², keeps the equivalence of gauges.",
        measured=_difference("weight_decay", transform_weight_decay=True),
        expected=at_most(PRECISION),
        note=_EXACT,
    ),
)
