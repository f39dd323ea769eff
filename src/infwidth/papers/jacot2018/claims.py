"""Claims on the neural tangent kernel; intervals are from theory, with tolerances fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, between
from infwidth.analysis.quantities import Exponent, Mean, nets, on
from infwidth.analysis.table import Table, Tables
from infwidth.papers.jacot2018.measured import growth, largest_across, speed

#: Of rates of 1/√n; of the part of single nets in the mean function, and of variances and speeds.
RATE, SHARE, SPREAD, SPEED = 0.15, 0.1, 0.3, 0.15


def _narrowest(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.width == min(table.values("width"))]


def _growth_of_narrowest(tables: Tables) -> pd.DataFrame:
    return _narrowest(tables["circle"], growth(tables["circle"]))


def _speed_of_narrowest(tables: Tables) -> pd.DataFrame:
    return _narrowest(tables["components"], speed(tables["components"]))


def _speed_of_widest(tables: Tables) -> pd.DataFrame:
    return speed(tables["components"].at(width=max))


def _square_of_widest(functions: Table) -> pd.DataFrame:
    return functions.at(width=max).nets("square")


def _square_of_narrowest(functions: Table) -> pd.DataFrame:
    return functions.at(width=min).nets("square")


CLAIMS = (
    Claim(
        "initial_kernels_converge",
        "fig1",
        says="Tangent kernels of nets at initialisation converge to a deterministic limit as n^(−1/2).",
        measured=Exponent("the relative distance of initial kernels", nets("circle_start", "kernel_distance")),
        expected=about(-1 / 2, within=RATE),
    ),
    Claim(
        "kernels_freeze",
        "fig1",
        says="Tangent kernels of ReLU nets in the NTK parametrization stay as they were during training as n → ∞.",
        measured=Exponent("the relative change of kernels in training", nets("circle", "kernel_change", at_end=True)),
        expected=between(-1.1, -0.65),
        note="Of smooth activations the change is of order 1/n. Of the ReLU a part n^(−1/2) of the neurons passes a "
        "kink, which adds a random n^(−3/4) (derived here); the interval holds both, give or take 0.1.",
    ),
    Claim(
        "narrow_kernels_inflate",
        "fig1",
        says="The tangent kernel of a narrow net inflates during training.",
        measured=Mean("the relative growth of Θ(x, x) in training of the narrowest nets", _growth_of_narrowest),
        expected=above(0),
    ),
    Claim(
        "mean_function",
        "fig2",
        says="Trained wide nets are on average the mean of the Gaussian limit.",
        measured=Mean(
            "the part of single nets in the limit's mean function",
            lambda tables: tables["circle_functions"].at(width=max).nets("share"),
        ),
        expected=about(1, within=SHARE),
    ),
    *(
        Claim(
            f"spread_of_{name}",
            "fig2",
            says=f"Functions of trained {name} nets spread as the Gaussian limit does.",
            measured=Mean(
                f"the variance about the limit's mean of the {extreme} nets, in units of the limit's,",
                on("circle_functions", which),
            ),
            expected=about(1, within=SPREAD),
            note=f"Along the four largest axes of the law. {more}",
        )
        for name, extreme, which, more in (
            ("wide", "widest", _square_of_widest, ""),
            (
                "narrow",
                "narrowest",
                _square_of_narrowest,
                "The paper finds the percentiles of ten nets to agree with the limit already at width 50; their "
                "standard deviation, larger by a quarter, is no more than what that of ten draws scatters by. 630 "
                "nets of widths 50, 100, 128 and 256, the middle two tried apart, have 1.52, 1.19, 1.12 and 1.01 (± "
                "0.06 to 0.09): kernels that differ from net to net add to the variance what 1/n and its next order "
                "make of them.",
            ),
        )
    ),
    Claim(
        "straight_paths",
        "fig3",
        says="Nets that are to learn one principal component of their kernel leave the line to it by n^(−1/2).",
        measured=Exponent("the largest error across the component", on("components", largest_across)),
        expected=about(-1 / 2, within=RATE),
        note="The components of a net's own kernel differ from the limit's by n^(−1/2). Corrected after seeing: at "
        "twice the rate narrow nets, whose kernels grow, swung at the edge of stability, −0.88 (−1.25 … −0.51); then 4 "
        "nets gave −0.44 (−0.53 … −0.35), and there are 6.",
    ),
    Claim(
        "narrow_nets_are_faster",
        "fig3",
        says="Narrow nets learn a principal component of the kernel faster than the infinite net.",
        measured=Mean("speed of the narrowest nets along the component, in units of the limit's,", _speed_of_narrowest),
        expected=above(1),
    ),
    Claim(
        "wide_nets_keep_time",
        "fig3",
        says="Wide nets learn a principal component of the kernel as exp(−λt), λ its eigenvalue.",
        measured=Mean("speed of the widest nets along the component, in units of the limit's,", _speed_of_widest),
        expected=about(1, within=SPEED),
    ),
)
