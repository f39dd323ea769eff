"""The output scale α. Thresholds are exponents of theory, fixed before running.

The kernel of α f is α² that of f: rates have to follow α^(−2). At such rates features move by η α/√N = 1/(α √N), and
the kernel by as much again, where that is small.
"""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import Exponent, Mean, nets, on
from infwidth.papers.harvard2024.measured import lazy

CLAIMS = (
    Claim(
        "rate_follows_alpha",
        "alpha",
        says="To keep the gradients from exploding, learning rates have to follow the output scale as α^(−2).",
        measured=Exponent("the largest rate that trains", nets("stable_rates", "largest_rate"), axis="alpha"),
        expected=about(-2, within=0.1),
    ),
    Claim(
        "features_move_by_one_over_alpha",
        "alpha",
        says="At rates of α^(−2) preactivations change by 1/α.",
        measured=Exponent(
            "the relative change of the last hidden layer in the widest nets at α ≥ 1",
            on("alpha_sweep", lambda table: lazy(table).at(layer="h2", width=max).nets("relative_change")),
            axis="alpha",
        ),
        expected=about(-1, within=0.05),
    ),
    Claim(
        "features_move_by_one_over_root_width",
        "alpha",
        says="At fixed α preactivations change by N^(−1/2).",
        measured=Exponent(
            "the relative change of the last hidden layer at α = 1",
            nets("alpha_sweep", "relative_change", layer="h2", alpha=1.0),
        ),
        expected=about(-1 / 2, within=0.1),
    ),
    Claim(
        "lazy_at_large_alpha",
        "alpha",
        says="At large α nets are well approximated by their linearization (lazy training).",
        measured=Exponent(
            "how far steps of the widest nets are from kernel descent at α ≥ 1",
            on("alpha_sweep", lambda table: lazy(table).at(layer="own", width=max).nets("step_error")),
            axis="alpha",
        ),
        expected=about(-1, within=0.15),
    ),
    Claim(
        "rich_at_small_alpha",
        "alpha",
        says="At small α networks have to change their weights too much to be linear (rich training).",
        measured=Mean(
            "how far steps are from kernel descent at the smallest α, in the widest nets,",
            nets("alpha_sweep", "step_error", layer="own", alpha=min, width=max),
        ),
        expected=above(0.1),
    ),
)
