"""Claims on the limit of infinite width and depth; intervals are from theory, with tolerances fixed before running."""

from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Estimated, Exponent, nets, on
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023depth import measured

#: Of exponents: of kernels at initialisation, and of nets after some steps, whose next order in 1/N and 1/L is larger.
INITIAL, TRAINED = 0.15, 0.25


def _kernel_rate(activation: str, table: Table) -> Estimate:
    return measured.rate_by_doublings(measured.depth_errors(table, "tangent_error", activation))


def _against_limit(tables: Tables) -> pd.DataFrame:
    limit = measured.limit_outputs(tables["residual_linear_limit"])
    return measured.squared_errors(tables["residual_linear_nets"].at(n_blocks=max), limit, own_depth=True)


def _against_ensemble(tables: Tables) -> pd.DataFrame:
    errors = measured.ensemble_errors(tables["residual_relu_nets"])
    widest = errors.width.max()
    return errors[(errors.n_blocks == errors.n_blocks.max()) & (errors.width < widest)]


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
)
