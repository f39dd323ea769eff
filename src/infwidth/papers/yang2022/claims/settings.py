"""Hyperparameters besides the rate, over widths and depths in μP.

A third of an octave a doubling is allowed to the best rate and half of one to multipliers and scales, whose grids are
coarser and whose curves are flatter: a factor of two over widths or depths that are four times each other, where under
SP one octave a doubling would be needed to make up for a sum over N aligned terms. The same schedule is the best, or
within a tenth of a nat of it.

The best multiplier or scale of one seed scatters by about 0.6 octaves, so that four to six seeds over two doublings
know its slope to ± 0.5: laptop scale could show a move by an octave a doubling, and cannot show that nothing moves,
which takes 9 seeds to more than a hundred.
"""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most, below
from infwidth.analysis.quantities import Estimated, Mean, on
from infwidth.papers.yang2022.claims.transformer_rates import IN_SP
from infwidth.papers.yang2022.sweeps import regret, setting_drift

NAMES = {
    "lr": "learning rate",
    "output_multiplier": "output multiplier",
    "attention_multiplier": "attention multiplier",
    "init_scale": "scale of initial weights",
}
_AXES = {"pre_norm_widths": ("width", "width"), "pre_norm_depths": ("n_blocks", "depth")}


def _moves(table: str, name: str, axis: str, noun: str) -> Estimated:
    return Estimated(
        f"change of log₂ of the best {NAMES[name]} per doubling of the {noun} in μP",
        on(table, partial(setting_drift, name=name, axis=axis)),
    )


_SCALE_OVER_DEPTH = _moves("pre_norm_depths", "init_scale", "n_blocks", "depth")

CLAIMS = (
    *(
        Claim(
            f"post_{name}_stays",
            "fig17",
            says=f"In μP the best {NAMES[name]} of post-LN transformers does not move with the width.",
            measured=_moves("transformer_settings", name, "width", "width"),
            expected=about(0, within=1 / 2),
            control=IN_SP,
        )
        for name in ("output_multiplier", "attention_multiplier", "init_scale")
    ),
    *(
        Claim(
            f"pre_{name}_stays_over_{noun}",
            "fig4",
            says=f"In μP the best {NAMES[name]} of pre-LN transformers does not move with the {noun}.",
            measured=_moves(table, name, axis, noun),
            expected=about(0, within=1 / 3 if name == "lr" else 1 / 2),
            control=IN_SP if axis == "width" else _SCALE_OVER_DEPTH,
        )
        for table, (axis, noun) in _AXES.items()
        for name in ("lr", "output_multiplier", "init_scale")
        if (axis, name) != ("n_blocks", "init_scale")
    ),
    *(
        Claim(
            f"pre_schedule_stays_over_{noun}",
            "fig4",
            says=f"In μP the best schedule of the learning rate of pre-LN transformers is the same at every {noun}.",
            measured=Mean(
                f"loss of the largest {noun} with the best schedule of the smallest, less that with its own best one",
                on(table, partial(regret, axis=axis)),
            ),
            expected=at_most(0.1),
            note="At the tuned rate training is so short that the constant rate is the best everywhere.",
        )
        for table, (axis, noun) in _AXES.items()
    ),
    Claim(
        "pre_init_scale_moves_with_depth",
        "fig4",
        says="The best scale of initial weights of pre-LN transformers falls with the depth: it does not transfer.",
        measured=_SCALE_OVER_DEPTH,
        expected=below(-1 / 2),
        note="The paper says that it moves; that it falls is ours: more branches add up in the residual stream. At "
        "laptop scale the deepest nets (16 branches, not divided by √L) hardly learn in 48 steps, whatever the scale.",
    ),
)
