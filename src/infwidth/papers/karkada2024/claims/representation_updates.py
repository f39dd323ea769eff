"""One step at three richnesses: exponents from the STP table, tolerance ±0.12, both fixed before the first run."""

from fractions import Fraction

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exponent, nets
from infwidth.papers.karkada2024.measured import PANELS, RICHNESSES, TOLERANCE

#: By metric: the start of the claims' names, their sentence, the exponent at r = 0 and in r, and the richnesses. The
#: initial outputs at other richnesses are those at r = 0 times n^−r, to the last digit: the draws are the same.
_LAWS = {
    "relative_change": ("update", "One step moves the representation by ‖Δh‖/‖h‖ ~ n^(r − 1/2)", -1 / 2, 1, RICHNESSES),
    "output_scale": ("output", "The output at initialization scales as n^(−r)", 0, -1, ("0",)),
    "gradient_norm": ("gradient", "The gradient at initialization scales as n^(−r)", 0, -1, RICHNESSES),
}

CLAIMS = tuple(
    Claim(
        f"{name}_exponent_r_{richness.replace('/', '_')}",
        "representation_updates",
        says=f"{law}; here r = {richness}.",
        measured=Exponent(
            panel.label,
            nets("one_step", panel.metric, layer=panel.layer, step=panel.step, richness=richness),
        ),
        expected=about(start + slope * float(Fraction(richness)), within=TOLERANCE),
    )
    for panel in PANELS
    for name, law, start, slope, richnesses in [_LAWS[panel.metric]]
    for richness in richnesses
)
