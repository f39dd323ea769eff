"""The window of stable richness: what explodes outside of it, and nothing inside."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below
from infwidth.analysis.quantities import Exponent, Extreme, nets, on
from infwidth.analysis.table import Table
from infwidth.papers.karkada2024.measured import RICHNESSES, TOLERANCE, gradient_growth, loss_growth


def _growth_exponent(richness: str) -> Exponent:
    return Exponent(
        "the largest gradient after a step over the first",
        on("few_steps", lambda table: gradient_growth(table.at(richness=richness))),
    )


def _growth_outside(few_steps: Table) -> pd.DataFrame:
    return loss_growth(few_steps.at(richness="3/4").at(width=max))


CLAIMS = (
    Claim(
        "output_explodes_below",
        "richness_scale",
        says="Below richness r = 0 outputs explode at initialization, as n^(−r); here r = −1/4.",
        measured=Exponent("the output at initialization", nets("few_steps", "output_scale", step=0, richness="-1/4")),
        expected=about(1 / 4, within=TOLERANCE),
    ),
    Claim(
        "update_grows_above",
        "richness_scale",
        says="Above richness r = 1/2 one step moves the representation more the wider the net, as n^(r − 1/2); here "
        "r = 3/4.",
        measured=Exponent(
            "‖Δh₂‖ / ‖h₂‖ after one step", nets("few_steps", "relative_change", layer="h2", step=1, richness="3/4")
        ),
        expected=about(1 / 4, within=TOLERANCE),
    ),
    *(
        Claim(
            f"gradient_growth_exponent_r_{richness.replace('/', '_')}",
            "richness_scale",
            says=f"Inside the window of stable richness gradients stay bounded in training; here r = {richness}.",
            measured=_growth_exponent(richness),
            expected=about(0, within=TOLERANCE),
        )
        for richness in RICHNESSES
    ),
    Claim(
        "gradient_explodes_above",
        "richness_scale",
        says="Above richness r = 1/2 gradients explode in training; here r = 3/4.",
        measured=_growth_exponent("3/4"),
        expected=above(TOLERANCE),
        note="To leading order in n the first step alone gives r − 1/2 = 1/4, and each further step grows faster.",
    ),
    Claim(
        "loss_falls_inside",
        "richness_scale",
        says="Inside the window of stable richness the loss falls at every width.",
        measured=Extreme(
            "largest over all nets of (largest test loss after a step / initial test loss)",
            on("few_steps", lambda table: loss_growth(table.at(richness=RICHNESSES))),
        ),
        expected=below(1),
        note="A statement on every net, so the interval is the number itself.",
    ),
    Claim(
        "loss_rises_above",
        "richness_scale",
        says="Above richness r = 1/2 wide nets cannot be trained at a rate that serves below it; here r = 3/4.",
        measured=Extreme(
            "smallest over the widest nets of (largest test loss after a step / initial test loss)",
            on("few_steps", _growth_outside),
            which=min,
        ),
        expected=above(1),
        note="A statement on every net of the largest width, so the interval is the number itself.",
    ),
)
