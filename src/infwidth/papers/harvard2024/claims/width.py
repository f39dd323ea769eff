"""NTK against μP over widths. Thresholds are signs and equalities, fixed before the first run."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above, below, equals
from infwidth.analysis.quantities import Extreme, PerDoubling, nets
from infwidth.papers.harvard2024.measured import difference_at_base

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
    Claim(
        "base_width_identical",
        "mup_vs_ntk",
        says="At the base width training is identical in the NTK parametrization and in μP, by construction.",
        measured=Extreme(
            "largest difference of any measured number, bit for bit,",
            partial(difference_at_base, one=("width_sweep", {"rule": "ntk"}), other=("width_sweep", {"rule": "mup"})),
        ),
        expected=equals(0),
        note="Two separate trainings; not a statistical statement, so the interval is the number itself.",
    ),
)
