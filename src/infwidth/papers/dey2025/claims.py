"""Claims on branches divided by powers of the depth; intervals are the paper's or from theory."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most
from infwidth.analysis.quantities import Estimated, Exponent, Quantity, on
from infwidth.papers.dey2025 import measured

#: Of a best learning rate that stays, in octaves a doubling of the depth.
STAYS = 1 / 3
#: Of exponents in the depth of trained nets.
RATE = 0.2

_PILOT = (
    "Written down, as the grid, steps and seeds were, after pilots of two of the six seeds at 1, 2, 4 and 16 blocks; "
    "the intervals are those of theory and of the other figures on transfer. The pilots showed losses and ratios: the "
    "claims are not blind."
)

#: What was seen in the runs.
_LEARNED = {
    "mlp": "",
    "attention": "Theory is of the leading order in a branch's change, and here what is beyond linear is as large as "
    "what is linear already in the shallowest nets. At a half, a quarter and an eighth of the rate the exponents are "
    "−0.29, −0.35 and −0.45 with 1/√L, and 0.14, 0.16 and 0.13 with 1/L (dotted in the figure: at an eighth). "
    "At a sixteenth it is −0.74 with 1/√L, and −0.73 of MLPs: steeper than theory, which is not explained. ",
}


def _rate_of(power: str) -> Quantity:
    return Estimated(
        "change of log₂ of the best learning rate per doubling of the depth",
        on("depths", partial(measured.rate_drift, power=power)),
    )


def _beyond(power: str, kind: str) -> Quantity:
    return Exponent(
        f"what the change of {measured.KINDS[kind]} over training is beyond linear in their weights' change, over the "
        "linear part,",
        on("depths", partial(measured.beyond_linear, power=power, kind=kind)),
        axis="n_blocks",
    )


CLAIMS = (
    Claim(
        "complete_rate_stays",
        "depth_transfer",
        says="With branches 1/L (CompleteP) the best learning rate of Adam stays as transformers get deeper.",
        measured=_rate_of("1"),
        expected=about(0, within=STAYS),
        control=_rate_of("0"),
        note=_PILOT,
    ),
    Claim(
        "depth_mup_rate_moves",
        "depth_transfer",
        says="With branches 1/√L (depth-μP) the best learning rate of Adam moves as transformers, whose branches have "
        "more than one layer, get deeper.",
        measured=Estimated(
            "size of the change of log₂ of the best learning rate per doubling of the depth",
            on("depths", partial(measured.distance_of_drift, power="1/2")),
        ),
        expected=above(STAYS),
        note="What is held against depth-μP. Theory has a limit of infinite depth for it as well, in which the best "
        "rate stays; what is left at finite depth falls as L^(−1/2), with 1/L as 1/L. Here it rises by less than a "
        "tenth of an octave a doubling, as little as it falls with 1/L: both transfer, and what tells them apart is "
        "what branches learn. In a trial of two seeds, after these runs, of 320 steps on sixteen times the text it "
        f"was 0.13 with 1/√L and −0.08 with 1/L. {_PILOT}",
    ),
    Claim(
        "undivided_rate_falls",
        "depth_transfer",
        says="With branches that are not divided the best learning rate of Adam falls as transformers get deeper.",
        measured=_rate_of("0"),
        expected=at_most(-STAYS),
        note="By counting as L^(−1/2): changes of L branches add up, and the last norm divides by the size of the "
        f"stream, √L. {_PILOT}",
    ),
    *(
        claim
        for kind, noun in measured.KINDS.items()
        for claim in (
            Claim(
                f"depth_mup_{kind}_linearised",
                "depth_transfer",
                says=f"With branches 1/√L {noun} of transformers become linear in their own weights as L^(−1/2).",
                measured=_beyond("1/2", kind),
                expected=about(-1 / 2, within=RATE),
                note=f"At the rate that is best for the shallowest nets. {_LEARNED[kind]}{_PILOT}",
            ),
            Claim(
                f"complete_{kind}_not_linearised",
                "depth_transfer",
                says=f"With branches 1/L {noun} of transformers learn beyond linear in their own weights at any depth.",
                measured=_beyond("1", kind),
                expected=about(0, within=RATE),
                control=_beyond("1/2", kind),
                note=f"At the rate that is best for the shallowest nets. {_LEARNED[kind]}{_PILOT}",
            ),
            Claim(
                f"{kind}_lazier",
                "depth_transfer",
                says=f"What {noun} of transformers learn beyond linear in their own weights is less with branches 1/√L "
                "than with 1/L, by L^(−1/2).",
                measured=Exponent(
                    "that of 1/√L over that of 1/L, at one learning rate,",
                    on("depths", partial(measured.lazier, kind=kind)),
                    axis="n_blocks",
                ),
                expected=about(-1 / 2, within=RATE),
                note="Nets of one seed, the same batches and one rate, the best one of the shallowest nets. "
                f"{_LEARNED[kind]}{_PILOT}",
            ),
        )
    ),
)
