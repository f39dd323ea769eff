"""NTK against μP over widths. Thresholds are signs, fixed before the first run."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above, below
from infwidth.analysis.quantities import PerDoubling, nets

_LOSS = "the final test loss"

CLAIMS = (
    Claim(
        "ntk_wider_is_worse",
        "ntk_vs_width",
        says="In the NTK parametrization, at fixed hyperparameters and steps, wider networks have higher loss.",
        measured=PerDoubling(_LOSS, nets("width_sweep", "test_loss", rule="ntk", at_end=True)),
        expected=above(0),
    ),
    Claim(
        "mup_wider_is_better",
        "mup_vs_ntk",
        says="In μP, at fixed hyperparameters and steps, wider networks have lower loss.",
        measured=PerDoubling(_LOSS, nets("width_sweep", "test_loss", rule="mup", at_end=True)),
        expected=below(0),
    ),
)
