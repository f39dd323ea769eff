"""ResNets over widths: where the best learning rate and output multiplier go, and what tuning a narrow net hands on.

What should happen: from a readout of zero and with N channels, a step of the readout at rate η moves the logits by
about α²ηN in SP. Where that bounds the rate, the best one falls by an octave a doubling, and the best output multiplier
at one rate by half an octave; batch norm keeps the layers before in bounds. In μP the readout learns at η/N.

Power, worked out before running: losses of one seed near the optimum scatter by 0.05 in a pilot of the base net (three
seeds, 96 steps) and rise by 0.15 an octave away from it, so that its best rate is known to about 0.3 octaves and
four seeds tell the slope over three doublings to ± 0.2. A drift of 0 is then mostly inside ± 1/3, and one of −1 below.
To the multiplier a quarter of an octave is allowed, half of what is expected of SP. At the base net's best rate SP's
widest nets should be three octaves beyond their own best one: accuracies are then tens of per cent apart, and scatter
by five. That SP's widest nets are worse even at their own best rate is not expected of 96 steps, in which wide nets are
far from fitting anything; the claim is the paper's.
"""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below
from infwidth.analysis.quantities import Estimated, Mean, PerDoubling, on
from infwidth.papers.yang2022.claims.mlp import STAYS
from infwidth.papers.yang2022.resnets import at_base_rate, moves, mup_over_sp, widest_over_half

_SWEEP = "resnets"
_LABELS = {"sp": "SP", "mup": "μP"}
_NOUNS = {"lr": "learning rate", "output_multiplier": "output multiplier"}
_PILOT = (
    "The multiplier came from a pilot of the base net. A pilot before it, of two seeds with half that multiplier and "
    "half the steps, was too short: at their best rates widest nets had losses of 0.69 in SP and 0.94 in μP."
)


def _moves(name: str, rule: str) -> Estimated:
    return Estimated(
        f"change of log₂ of the best {_NOUNS[name]} per doubling of the width in {_LABELS[rule]}",
        on(_SWEEP, partial(moves, rule=rule, name=name)),
    )


CLAIMS = (
    Claim(
        "resnet_rate_falls_in_sp",
        "fig16",
        says="In the standard parametrization the best learning rate of ResNets falls with the width.",
        measured=_moves("lr", "sp"),
        expected=below(-STAYS),
        note=_PILOT,
    ),
    Claim(
        "resnet_rate_stays_in_mup",
        "fig16",
        says="In μP the best learning rate of ResNets does not move with the width.",
        measured=_moves("lr", "mup"),
        expected=about(0, within=STAYS),
        control=_moves("lr", "sp"),
    ),
    Claim(
        "resnet_multiplier_stays_in_mup",
        "fig16",
        says="In μP the best output multiplier of ResNets does not move with the width.",
        measured=_moves("output_multiplier", "mup"),
        expected=about(0, within=1 / 4),
        control=_moves("output_multiplier", "sp"),
    ),
    Claim(
        "resnet_wider_is_better_in_mup",
        "fig16",
        says="In μP wider ResNets train better at the learning rate that is best for the narrowest one.",
        measured=PerDoubling(
            "the log of the train loss at the narrowest net's best rate", on(_SWEEP, partial(at_base_rate, rule="mup"))
        ),
        expected=below(0),
    ),
    Claim(
        "resnet_transfer_is_better_in_mup",
        "fig16",
        says="The best learning rate of narrow ResNets gives the widest ones a higher test accuracy in μP than in the "
        "standard parametrization.",
        measured=Mean("test accuracy of the widest nets in μP less that in SP", on(_SWEEP, mup_over_sp)),
        expected=above(0),
        note="Reported, for CIFAR-10 from half the usual width to eight times it: 95.29 and 94.86 per cent (Table 12).",
    ),
    Claim(
        "resnet_widest_underperforms_in_sp",
        "fig16",
        says="In the standard parametrization the widest ResNets do worse than those of half their width, each at its "
        "best learning rate.",
        measured=Mean("log of the test loss of the widest nets over that of the next", on(_SWEEP, widest_over_half)),
        expected=above(0),
        note="Reported: eight times the usual width underperforms four times it.",
    ),
)
