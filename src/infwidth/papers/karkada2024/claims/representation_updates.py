"""One step at three richnesses: exponents from the STP table, tolerance ±0.12, both fixed before the first run."""

from collections.abc import Callable
from fractions import Fraction

from infwidth.analysis.claims import Claim, Tables
from infwidth.analysis.statistics import Estimate, exponent
from infwidth.papers.karkada2024.measured import PANELS, RICHNESSES, TOLERANCE, Panel, at_panel

_STATEMENTS: dict[str, tuple[str, str, Callable[[Fraction], Fraction]]] = {
    "relative_change": (
        "update",
        "One step moves the representation by ‖Δh‖/‖h‖ ~ n^(r − 1/2)",
        lambda r: r - Fraction(1, 2),
    ),
    "output_scale": ("output", "The output at initialization scales as n^(−r)", lambda r: -r),
    "gradient_norm": ("gradient", "The gradient at initialization scales as n^(−r)", lambda r: -r),
}


def _slope_claim(panel: Panel, richness: str) -> Claim:
    name, statement, theory = _STATEMENTS[panel.metric]
    target = float(theory(Fraction(richness)))

    def measure(tables: Tables) -> Estimate:
        table = tables["one_step"]
        return exponent(at_panel(table[table.richness == richness], panel))

    return Claim(
        figure="representation_updates",
        name=f"{name}_exponent_r_{richness.replace('/', '_')}",
        statement=f"{statement}; here r = {richness}.",
        expected=f"exponent in n = {target:g} ± {TOLERANCE}",
        accept=(target - TOLERANCE, target + TOLERANCE),
        measure=measure,
    )


CLAIMS = tuple(_slope_claim(panel, richness) for panel in PANELS for richness in RICHNESSES)
