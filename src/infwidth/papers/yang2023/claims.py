"""Claims on infinite depth; intervals are from theory, with tolerances fixed before running."""

from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below, equals
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, Mean, PerDoubling, Quantity, on
from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2023 import measured
from infwidth.papers.yang2023.limits import classify_depthwise

#: Of exponents in width and depth; of powers of the depth on the plane; of the feature diversity exponent.
RATE, POWER, DIVERSITY = 0.15, 0.1, 0.15
#: Of a best learning rate that stays, in octaves a doubling; of one that moves by a known power, and of ridges.
STAYS, MOVES = 1 / 3, 0.25


def _power_error(table: Table) -> float:
    """Return the largest difference of the measured power of L from 1 − α − γ, where layers are stable at the start."""
    grid = measured.plane(table)
    stable = grid[grid.alpha >= 0.5]
    return float((stable.growth - (1 - stable.alpha - stable.gamma)).abs().max())


def _misjudged_starts(table: Table) -> float:
    """Return at how many places the layers grow with the depth at the start, or not, against the classification."""
    grid = measured.plane(table)
    stable = [classify_depthwise(Fraction(alpha), Fraction(0)).stable_at_start for alpha in grid.alpha]
    return float(((grid.start_growth < 0.25).to_numpy() != np.array(stable)).sum())


def _exponents(name: str, tables: Tables) -> pd.DataFrame:
    table = tables[name]
    return measured.diversity_exponents(table, "relu", table.values("step")[-1])


def _rate_of(experiment: str) -> Quantity:
    return Estimated(
        "change of log₂ of the best learning rate per doubling of the depth", on(experiment, measured.rate_drift)
    )


def _above(experiment: str, other: str, layers_a_block: tuple[int, int] = (1, 1)) -> Quantity:
    """Return how much the log of the best loss of one is above that of another, at the largest depth of both."""

    def apart(tables: Tables) -> np.ndarray:
        return measured.apart_at_largest(tables[experiment], tables[other], layers_a_block=layers_a_block)

    return Mean("difference of the log of the best losses, the first less the second, nets of one seed,", apart)


CLAIMS = (
    Claim(
        "powers_of_the_plane",
        "fig1",
        says="A step of a residual net in the depthwise parametrization (α, γ) changes its output by a multiple of "
        "L^(1 − α − γ).",
        measured=Exactly(
            "largest error of the exponent in L of the change, over all α ≥ 1/2, by the last doubling of L,",
            on("depth_plane", _power_error),
        ),
        expected=below(POWER),
        note="Linear nets of infinite width, exact.",
    ),
    Claim(
        "stable_start",
        "fig1",
        says="Residual nets keep their size at initialisation as the depth grows if and only if α ≥ 1/2.",
        measured=Exactly(
            "number of places of the plane where the last layer's exponent in L is at least 1/4 against the rule",
            on("depth_plane", _misjudged_starts),
        ),
        expected=equals(0),
        note="Linear nets of infinite width, exact; by the last doubling of L.",
    ),
    Claim(
        "layers_converge",
        "fig8",
        says="The sizes of all layers of trained linear residual nets converge to their exact limit of infinite width "
        "as n^(−1/2).",
        measured=Exponent("the relative rms error of the sizes of the layers", measured.layer_errors),
        expected=about(-1 / 2, within=RATE),
        note="A first run with widths 64 to 512 and six seeds gave −0.52 ± 0.23; widths from 32 and more seeds since.",
    ),
    Claim(
        "layers_in_depth",
        "fig9",
        says="The sizes of the layers of trained linear residual nets of infinite width converge in depth as 1/L.",
        measured=Estimated(
            "exponent in L, by its last two doublings, of the largest change of a size from depth L to 2L,",
            on("linear_depths", measured.rate_by_doublings),
        ),
        expected=about(-1, within=RATE),
        note="Exact numbers, no sample: the interval spans the two exponents. At workstation scale, on images of "
        "28×28, changes of the first step fall as 1/L; the loss swings later, and by the tenth step amplifies them so "
        "much that its last doublings, to 256 blocks, have −0.45 and −0.71, still steepening.",
    ),
    Claim(
        "depth_mup_diverse",
        "fig17",
        says="Features of trained nets in Depth-μP differ along the depth as ε^(1/2), as those of a path with noise.",
        measured=Estimated(
            "exponent in ε of the distance of layers ε L apart, deepest ReLU nets after training,",
            on("feature_diversity", partial(measured.deepest_exponent, activation="relu")),
        ),
        expected=about(1 / 2, within=DIVERSITY),
        control=Estimated(
            "the same of (1, 0)", on("ode_diversity", partial(measured.deepest_exponent, activation="relu"))
        ),
        note="Steps and the range of ε, to 1/8, were chosen after a picture of 50 steps and ε to 1/4.",
    ),
    Claim(
        "ode_less_diverse_deeper",
        "fig17",
        says="In the parametrization (1, 0) of an ODE the exponent in ε of the distance of layers rises with "
        "the depth.",
        measured=PerDoubling(
            "the exponent of trained ReLU nets", partial(_exponents, "ode_diversity"), axis="n_blocks"
        ),
        expected=above(0),
    ),
    Claim(
        "depth_mup_rate_stays",
        "fig10",
        says="In Depth-μP the best learning rate of Adam stays as residual nets get deeper.",
        measured=_rate_of("depth_mup"),
        expected=about(0, within=STAYS),
        control=_rate_of("half_zero"),
        note="Grids, a and the number of seeds of these sweeps came after a pilot of four seeds at 4 to 32 blocks.",
    ),
    Claim(
        "depth_mup_improves",
        "fig10",
        says="In Depth-μP deeper residual nets reach a lower train loss.",
        measured=Estimated(
            "change of the log of the loss at the best rate per doubling of the depth",
            on("depth_mup", measured.loss_change),
        ),
        expected=below(0),
    ),
    Claim(
        "half_zero_shifts",
        "fig10",
        says="Without 1/√L in the learning rate, (α, γ) = (1/2, 0), the best learning rate falls as L^(−1/2).",
        measured=_rate_of("half_zero"),
        expected=about(-1 / 2, within=MOVES),
        note="From theory: a step changes the output by L^(1 − α − γ).",
    ),
    Claim(
        "standard_depth_shifts",
        "fig10",
        says="In the standard parametrization of depth, (0, 0), the best learning rate falls faster than as L^(−1/2).",
        measured=_rate_of("standard_depth"),
        expected=below(-1 / 2),
        note="From theory: a step changes the output by L^(1 − α − γ), and more as the layers grow. At workstation "
        "scale nets of 128 blocks hardly learn (2.0 nats), best at a large rate; up to 64 blocks it is −0.83 (−0.87 … "
        "−0.78).",
    ),
    Claim(
        "ode_rate_shifts",
        "fig11",
        says="In the parametrization (1, 0) of an ODE the best learning rate grows with the depth.",
        measured=_rate_of("ode_depth"),
        expected=above(0),
        note="The paper's picture. By theory a step's change of the output is of order one here as in Depth-μP, since "
        "α + γ = 1, so that the best rate moves only as the part of the initial weights fades; at a = 2 that part is "
        "large, at a = 1/2 small from the start.",
    ),
    Claim(
        "ode_worse",
        "fig11",
        says="The deepest residual nets reach a lower train loss in Depth-μP than in the parametrization (1, 0).",
        measured=_above("depth_mup", "ode_depth"),
        expected=below(0),
    ),
    Claim(
        "nonlinearity_first_transfers",
        "fig2",
        says="With the nonlinearity before the weights the best learning rate of Depth-μP stays as well.",
        measured=_rate_of("nonlinearity_first"),
        expected=about(0, within=STAYS),
        control=_rate_of("half_zero"),
    ),
    Claim(
        "nonlinearity_first_worse",
        "fig2",
        says="The deepest residual nets reach a lower train loss with the nonlinearity behind the weights than before.",
        measured=_above("depth_mup", "nonlinearity_first"),
        expected=below(0),
    ),
    Claim(
        "abs_better",
        "fig3",
        says="The deepest residual nets in Depth-μP reach a lower train loss with the absolute value than with ReLU.",
        measured=_above("abs_depth", "depth_mup"),
        expected=below(0),
    ),
    Claim(
        "abs_rate_stays",
        "fig3",
        says="In Depth-μP with the absolute value the best learning rate stays as residual nets get deeper.",
        measured=_rate_of("abs_depth"),
        expected=about(0, within=STAYS),
        control=_rate_of("half_zero"),
    ),
    Claim(
        "two_layers_worse",
        "fig4",
        says="With as many layers, two a block reach a higher train loss in Depth-μP than one a block.",
        measured=_above("two_layers", "depth_mup", (2, 1)),
        expected=above(0),
    ),
    Claim(
        "two_layers_shift",
        "fig6",
        says="With two layers a block the best learning rate of Depth-μP rises with the depth.",
        measured=_rate_of("two_layers"),
        expected=above(0),
        note="The paper finds a shift. Its sign is from theory: updates of the two layers of a block interact less and "
        "less, as 1/√L, and a larger rate makes up for it.",
    ),
    Claim(
        "layer_norm_transfers",
        "fig12",
        says="With layer norm and the absolute value the best learning rate of Depth-μP stays as nets get deeper.",
        measured=_rate_of("abs_layer_norm"),
        expected=about(0, within=STAYS),
        control=_rate_of("half_zero"),
    ),
    Claim(
        "multiplier_stays",
        "fig13",
        says="In Depth-μP the best block multiplier stays as residual nets get deeper.",
        measured=Estimated(
            "change of log₂ of the best block multiplier per doubling of the depth, from 8 blocks on,",
            on("multipliers", measured.multiplier_drift),
        ),
        expected=about(0, within=STAYS),
        control=Estimated(
            "the same nets by their multipliers in the standard parametrization",
            lambda tables: measured.multiplier_drift(measured.in_standard(tables["multipliers"])),
        ),
    ),
    Claim(
        "ridge_of_deep_nets",
        "fig7",
        says="In deep nets of Depth-μP the best learning rate is inverse to the block multiplier.",
        measured=Estimated(
            "slope of log₂ of the best learning rate on log₂ of the block multiplier, up to 1, of the deepest",
            lambda tables: measured.ridge_slope(tables["multipliers"].at(n_blocks=max), (0.25, 0.5, 1.0)),
        ),
        expected=about(-1, within=MOVES),
    ),
    Claim(
        "ridge_of_shallow_nets",
        "fig7",
        says="In nets of two blocks the best learning rate falls as the square of the block multiplier.",
        measured=Estimated(
            "slope of log₂ of the best learning rate on log₂ of the block multiplier, from 1 on, of the shallowest",
            lambda tables: measured.ridge_slope(tables["multipliers"].at(n_blocks=min), (1.0, 2.0, 4.0)),
        ),
        expected=about(-2, within=2 * MOVES),
        note="The paper's picture; theory: where branches outweigh the skips the output is a² times a product of two "
        "layers. In a hundred steps the slope flattens with a instead, from −1.3 to −0.5. The grid was extended to "
        "a = 1/8 after a first run, in which the control of figure 13 lay at its edge.",
    ),
)
