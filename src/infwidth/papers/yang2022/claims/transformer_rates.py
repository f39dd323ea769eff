"""Learning rates of post-LN transformers over widths: where the best one goes, and whether wider is better.

Where a hidden layer's largest stable step bounds the rate, it falls as 1/N in SP, one octave a doubling; half of that
is asked for. In μP a third of an octave a doubling is allowed, as in the other sweeps over rates here; if seeds scatter
by 0.3 octaves, six tell the slope over two doublings to ± 0.2. The text and the grid of rates came after pilots.
"""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, below
from infwidth.analysis.lr_optimum import best_loss_change
from infwidth.analysis.quantities import Estimated, Mean, on
from infwidth.papers.yang2022.sweeps import LOSS, mean_in_time, of_rates, rate_drift, sp_over_mup, worst_in_time

IN_SP = Estimated(
    "change of log₂ of the best rate per doubling of the width in SP",
    on("transformer_rates", partial(rate_drift, rule="sp", allow_edges=True)),
)


def _in_time(rule: str, factor: float) -> Mean:
    at = "the base net's best rate" if factor == 1 else f"{factor:g} of the base net's best rate"
    return Mean(
        f"change of the loss per doubling of the width, mean over training, at {at} in {_RULES[rule]}",
        on("transformer_rates", partial(mean_in_time, rule=rule, factor=factor)),
    )


def _worst(rule: str) -> Estimated:
    return Estimated(
        f"change of the loss per doubling of the width in {_RULES[rule]}, at the time at which it is largest",
        on("transformer_rates", partial(worst_in_time, rule=rule, factor=1.0)),
    )


_RULES = {"sp": "SP", "mup": "μP"}

CLAIMS = (
    Claim(
        "sp_transformer_rate_falls",
        "fig1",
        says="In the standard parametrization the best learning rate of transformers with Adam falls with the width.",
        measured=IN_SP,
        expected=below(-1 / 2),
    ),
    Claim(
        "mup_transformer_rate_stays",
        "fig1",
        says="In μP the best learning rate of transformers with Adam does not move with the width.",
        measured=Estimated(
            "change of log₂ of the best rate per doubling of the width in μP",
            on("transformer_rates", partial(rate_drift, rule="mup")),
        ),
        expected=about(0, within=1 / 3),
        control=IN_SP,
    ),
    Claim(
        "mup_transformer_wider_is_better_at_best_rate",
        "fig1",
        says="In μP wider transformers train to lower losses, each at its best learning rate.",
        measured=Estimated(
            "change of the log of the lowest train loss of any rate per doubling of the width in μP",
            on("transformer_rates", lambda table: best_loss_change(of_rates(table.at(rule="mup")), metric=LOSS)),
        ),
        expected=below(0),
    ),
    Claim(
        "sp_transformer_underperforms",
        "fig1",
        says="The widest transformers train to higher losses in the standard parametrization than in μP, each at its "
        "best rate.",
        measured=Mean(
            "log of the best train loss of the widest nets in SP over that in μP", on("transformer_rates", sp_over_mup)
        ),
        expected=above(0),
    ),
    Claim(
        "mup_wider_is_better_throughout",
        "fig7",
        says="In μP wider transformers have lower train losses, at one learning rate and averaged over training.",
        measured=_in_time("mup", 1.0),
        expected=below(0),
    ),
    Claim(
        "mup_wider_is_never_worse",
        "fig7",
        says="In μP wider transformers are at no time of training worse than narrow ones, at one learning rate.",
        measured=_worst("mup"),
        expected=at_most(0.05),
        control=_worst("sp"),
        note="Tolerance: 0.05 nats a doubling. The control is SP at the same rate, which is too large for wide nets.",
    ),
    Claim(
        "sp_wider_is_worse_at_large_rate",
        "fig7",
        says="In the standard parametrization wider transformers are worse at the learning rate that is best for "
        "narrow ones.",
        measured=_in_time("sp", 1.0),
        expected=above(0),
    ),
)
