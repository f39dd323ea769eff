"""Claims on the limit of infinite width and depth; intervals are from theory, with tolerances fixed before running."""

from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most, below
from infwidth.analysis.quantities import Estimated, Exponent, Quantity, nets, on
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023depth import measured

#: Of exponents: of kernels at initialisation, and of nets after some steps, whose next order in 1/N and 1/L is larger.
INITIAL, TRAINED = 0.15, 0.25
#: Of a best learning rate that stays, in octaves a doubling.
STAYS = 1 / 3
#: Of one that does not, in octaves over all widths or depths.
SHIFTS = -2

#: Of the sweeps of vision transformers.
_PILOT = (
    "Written down, as grids and steps were, after a pilot at the ends of the sweeps, of two of the seeds and 60 steps. "
    "Six seeds were run at laptop scale first, and knew more than the claim asks for."
)


def _kernel_rate(activation: str, table: Table) -> Estimate:
    return measured.rate_by_doublings(measured.depth_errors(table, "tangent_error", activation))


def _against_limit(tables: Tables) -> pd.DataFrame:
    limit = measured.limit_outputs(tables["residual_linear_limit"])
    return measured.squared_errors(tables["residual_linear_nets"].at(n_blocks=max), limit, own_depth=True)


def _against_ensemble(tables: Tables) -> pd.DataFrame:
    errors = measured.ensemble_errors(tables["residual_relu_nets"])
    widest = errors.width.max()
    return errors[(errors.n_blocks == errors.n_blocks.max()) & (errors.width < widest)]


def _rate_of(experiment: str, axis: str = "n_blocks") -> Quantity:
    return Estimated(
        f"change of log₂ of the best learning rate per doubling of the {_NOUNS[axis]}",
        on(experiment, partial(measured.rate_drift, axis=axis)),
    )


def _all_of(experiment: str, axis: str = "n_blocks") -> Quantity:
    return Estimated(
        f"change of log₂ of the best learning rate, by its slope, from the least to the largest {_NOUNS[axis]}",
        on(experiment, partial(measured.rate_change, axis=axis)),
    )


_NOUNS = {"width": "width", "n_blocks": "depth"}

CLAIMS = (
    Claim(
        "relu_kernel_in_depth",
        "kernel_limit",
        says="The lazy kernel of infinitely wide ReLU residual nets with branches 1/√L converges to one of infinite "
        "depth as 1/L.",
        measured=Estimated(
            "exponent in the depth L, by its last two doublings, of the largest error of the tangent kernel",
            on("depth_kernels", partial(_kernel_rate, "unit_relu")),
        ),
        expected=about(-1, within=INITIAL),
        note="A recursion against an integral, no sample: the interval spans the two exponents.",
    ),
    Claim(
        "tanh_kernel_in_depth",
        "kernel_limit",
        says="The lazy kernel of infinitely wide tanh residual nets with branches 1/√L converges to one of infinite "
        "depth as 1/L.",
        measured=Estimated(
            "exponent in the depth L, by its last two doublings, of the largest error of the tangent kernel",
            on("depth_kernels", partial(_kernel_rate, "tanh")),
        ),
        expected=about(-1, within=INITIAL),
        note="A recursion against an integral, no sample: the interval spans the two exponents.",
    ),
    Claim(
        "kernel_in_width",
        "kernel_limit",
        says="Tangent kernels of the deepest finite residual nets converge to that of infinite width as N^(−1/2).",
        measured=Exponent(
            "the relative distance of the tangent kernel", nets("initial_nets", "tangent_error", n_blocks=max)
        ),
        expected=about(-1 / 2, within=INITIAL),
    ),
    Claim(
        "fluctuations_bounded_in_depth",
        "kernel_limit",
        says="With branches 1/√L the finite-width fluctuations of the tangent kernel do not grow with the depth.",
        measured=Exponent(
            "the relative distance of the tangent kernel, widest nets,",
            nets("initial_nets", "tangent_error", width=max),
            axis="n_blocks",
        ),
        expected=about(0, within=INITIAL),
        control=Exponent("the same without 1/√L", nets("unscaled_nets", "tangent_error"), axis="n_blocks"),
    ),
    Claim(
        "linear_in_width",
        "convergence",
        says="The outputs of trained linear residual nets converge to their exact limit as 1/N in mean square.",
        measured=Exponent("the mean square error of the outputs of the deepest nets", _against_limit),
        expected=about(-1, within=TRAINED),
        note="The limit is that of infinite width at the nets' own depth, with nothing sampled.",
    ),
    Claim(
        "linear_in_depth",
        "convergence",
        says="The outputs of trained linear residual nets of infinite width converge in depth as 1/L.",
        measured=Estimated(
            "exponent in L, by its last two doublings, of the rms change of outputs from depth L to 2L,",
            on("residual_linear_limit", lambda table: measured.rate_by_doublings(measured.halving_errors(table))),
        ),
        expected=about(-1, within=INITIAL),
        note="Exact numbers, no sample: the interval spans the two exponents.",
    ),
    Claim(
        "relu_in_width",
        "convergence",
        says="The outputs of trained ReLU residual nets converge in width as 1/N in mean square.",
        measured=Exponent("the mean square error of the outputs of the deepest nets", _against_ensemble),
        expected=about(-1, within=TRAINED),
        note="In the place of the limit stands, as in the paper, the mean of the widest and deepest nets.",
    ),
    Claim(
        "relu_in_depth",
        "convergence",
        says="The mean outputs of trained ReLU residual nets of one width converge in depth as 1/L.",
        measured=Estimated(
            "exponent in L of the rms change of mean outputs of the widest nets from depth L to 2L,",
            on("residual_relu_nets", measured.depth_rate),
        ),
        expected=about(-1, within=TRAINED),
        note="Nets of one seed are coupled over depths by one path of initial weights.",
    ),
    Claim(
        "scaled_rate_over_depths",
        "lr_width_depth",
        says="In μP with branches 1/√L the best learning rate of SGD stays as residual nets get deeper.",
        measured=_rate_of("scaled_depths"),
        expected=about(0, within=STAYS),
        control=_rate_of("mup_depths"),
    ),
    Claim(
        "scaled_rate_over_widths",
        "lr_width_depth",
        says="In μP with branches 1/√L the best learning rate of SGD stays as residual nets get wider.",
        measured=_rate_of("scaled_widths", "width"),
        expected=about(0, within=STAYS),
        control=_rate_of("sp_widths", "width"),
    ),
    Claim(
        "sp_rate_over_depths",
        "lr_width_depth",
        says="In the standard parametrization the best learning rate of SGD falls by octaves with the depth.",
        measured=_all_of("sp_depths"),
        expected=at_most(SHIFTS),
    ),
    Claim(
        "mup_rate_over_depths",
        "lr_width_depth",
        says="In μP without 1/√L the best learning rate of SGD falls by octaves with the depth.",
        measured=_all_of("mup_depths"),
        expected=at_most(SHIFTS),
    ),
    Claim(
        "sp_rate_over_widths",
        "lr_width_depth",
        says="In the standard parametrization the best learning rate of SGD falls by octaves with the width.",
        measured=_all_of("sp_widths", "width"),
        expected=at_most(SHIFTS),
        note="By theory as 1/N in the end: the tangent kernel grows as N. At laptop scale the doublings from 32 to 256 "
        "are −0.1, −0.8 and −0.2: narrow nets are best far below the largest rate at which they train.",
    ),
    Claim(
        "wider_is_better",
        "lr_width_depth",
        says="In μP with branches 1/√L wider residual nets reach a lower train loss at the best rate.",
        measured=Estimated(
            "change of the log of the loss at the best rate per doubling of the width",
            on("scaled_widths", partial(measured.loss_change, axis="width")),
        ),
        expected=below(0),
    ),
    *(
        Claim(
            f"{norm}_norm_scaled",
            "norm_layers",
            says=f"With {norm} norm and branches 1/√L the best learning rate stays as residual nets get deeper.",
            measured=_rate_of(f"{norm}_norm_scaled"),
            expected=about(0, within=STAYS),
            control=_rate_of("mup_depths"),
        )
        for norm in ("layer", "batch")
    ),
    *(
        Claim(
            f"{norm}_norm_alone",
            "norm_layers",
            says=f"With {norm} norm in the place of 1/√L the best learning rate stays within half an octave a doubling "
            "of the depth.",
            measured=_rate_of(f"{norm}_norm_alone"),
            expected=about(0, within=0.5),
            control=_rate_of("mup_depths"),
            note="The paper's word is approximate. At the start the branches' tangent kernel grows as L log L by "
            "theory (nets drawn apart: by factors of 2.3 to 3.7 a doubling from 2 to 16 blocks), where it stays with "
            "1/√L, and grows by 10, 23 and 370 with neither: a norm alone slows the fall of the best rate and does "
            "not end it. All grids of this figure came after a pilot of two seeds at 2 and 8 blocks.",
        )
        for norm in ("layer", "batch")
    ),
    Claim(
        "vit_scaled_over_depths",
        "vit_adam",
        says="In μP with branches 1/√L the best learning rate of Adam stays as vision transformers get deeper.",
        measured=_rate_of("vit_scaled_depths"),
        expected=about(0, within=STAYS),
        control=_rate_of("vit_mup_depths"),
        note=_PILOT,
    ),
    Claim(
        "vit_mup_over_widths",
        "vit_adam",
        says="In μP the best learning rate of Adam stays as vision transformers get wider.",
        measured=_rate_of("vit_mup_widths", "width"),
        expected=about(0, within=STAYS),
        control=_rate_of("vit_sp_widths", "width"),
        note=f"At their depth the nets are those of μP with branches 1/√L, too. {_PILOT}",
    ),
    Claim(
        "vit_mup_over_depths",
        "vit_adam",
        says="Without 1/√L the best learning rate of Adam falls as vision transformers get deeper, in spite of their "
        "norm layers.",
        measured=_rate_of("vit_mup_depths"),
        expected=at_most(-STAYS),
        note="By counting as L^(−1/2): changes of L branches add up, and the last norm divides by the size of the "
        f"stream, √L. {_PILOT}",
    ),
    Claim(
        "vit_sp_over_widths",
        "vit_adam",
        says="In the standard parametrization the best learning rate of Adam falls as vision transformers get wider.",
        measured=_rate_of("vit_sp_widths", "width"),
        expected=at_most(-STAYS),
        note=f"By counting as 1/N: changes of all N inputs of a unit add up. {_PILOT}",
    ),
    Claim(
        "vit_wider_is_better",
        "vit_adam",
        says="In μP wider vision transformers reach a lower train loss at the best rate of Adam.",
        measured=Estimated(
            "change of the log of the loss at the best rate per doubling of the width",
            on("vit_mup_widths", partial(measured.loss_change, axis="width")),
        ),
        expected=below(0),
        note="Of μP only: after the few steps of the laptop scale the widest nets in SP end lower at a rate of their "
        "own, 0.66 beside 0.83. In a trial of two seeds, after these runs, most of the difference was the larger start "
        f"of their readout. {_PILOT}",
    ),
)
