"""Claims on deterministic equivalents; tolerances are those of finite size and few seeds.

All were fixed before running but those of the phase diagrams, which say so.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below, between, equals
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, Mean, on, several
from infwidth.analysis.statistics import Estimate, jackknife, slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.measured import gcv_off, off_in, off_in_all, pieces_off, removed_less_left

#: Of mean |log| between experiment and theory, and of exponents.
RATIO, RATE = 0.05, 0.1


def _distances(matrices: tuple[str, ...]) -> Callable[[Tables], pd.DataFrame]:
    return lambda tables: tables["spectra"].at(matrix=matrices).nets("distance")


def _peak(table: Table) -> float:
    """Return P/D at the largest mean error of the smallest ridge."""
    errors = table.at(ridge=min).nets("test").groupby("index").value.mean()
    return float(errors.idxmax() / table.values("dimension")[0])


def _peak_over_ridged(table: Table) -> Estimate:
    """Return the error at the peak of the smallest ridge over that of the largest there; the jackknife's interval."""
    P = table.at(ridge=min).nets("test").groupby("index").value.mean().idxmax()
    wide = table.at(index=P).nets("test").pivot_table(index="ridge", columns="seed", values="value")

    def ratio(of: pd.DataFrame) -> float:
        means = of.mean(axis=1)
        return float(np.log(means.loc[means.index.min()] / means.loc[means.index.max()]))

    return jackknife(wide, ratio)


def _slope(table: str, regime: str) -> Callable[[Tables], Estimate]:
    def estimate(tables: Tables) -> Estimate:
        rows = several(tables[table].at(regime=regime).nets("error"), "index")
        return slope_of_means(rows, x="index", log_y=True)

    return estimate


def _misses(noise: float) -> Callable[[Tables], float]:
    def distance(tables: Tables) -> float:
        found = tables["phases"].at(noise=noise).limit("exponent", "expected")
        wide = found.pivot_table(index="index", columns="metric", values="value")
        return float((wide.exponent - wide.expected).abs().mean())

    return distance


CLAIMS = (
    Claim(
        "spectra",
        "random_matrices",
        says="Spectra of random matrices converge to the laws of free probability nearly as the inverse of their size.",
        measured=Exponent(
            "the Kolmogorov distance, mean over eight kinds of matrices,",
            lambda tables: tables["spectra"].nets("distance").groupby(["seed", "dimension"]).value.mean().reset_index(),
            axis="dimension",
        ),
        expected=between(-1.05, -0.75),
        note="Rigidity of eigenvalues: (log D)/D, an exponent of −0.8 at these sizes; independent draws have −1/2.",
    ),
    Claim(
        "products",
        "random_matrices",
        says="Spectra of products of white matrices converge to the law that their S-transforms multiply to.",
        measured=Exponent(
            "the Kolmogorov distance of products of two and three matrices",
            lambda tables: (
                _distances(("two_square", "three_square", "three_oblong"))(tables)
                .groupby(["seed", "dimension"])
                .value.mean()
                .reset_index()
            ),
            axis="dimension",
        ),
        expected=between(-1.05, -0.75),
    ),
    Claim(
        "ridge_errors",
        "linear_regression",
        says="Deterministic equivalents give the test error of ridge regression on white, gapped and power-law inputs.",
        measured=Estimated(
            "mean |log(error/theory)| over all P, ridges and spectra",
            lambda tables: off_in_all(tables, "test", {"isotropic": ["ridge"], "gapped": [], "structured": ["ridge"]}),
        ),
        expected=below(RATIO),
    ),
    Claim(
        "train_errors",
        "linear_regression",
        says="Deterministic equivalents give the training error of ridge regression, (λ/κ)² times the test error.",
        measured=Estimated(
            "mean |log(training error/theory)|",
            on("isotropic", partial(off_in, metric="train", axes=["ridge", "index"])),
        ),
        expected=below(RATIO),
    ),
    Claim(
        "cross_validation",
        "linear_regression",
        says="Generalised cross validation estimates the test error of ridge regression from the training set alone.",
        measured=Estimated(
            "mean |log(GCV/test error)|, noise included,", on("isotropic", partial(gcv_off, noise=0.25, axes=["ridge"]))
        ),
        expected=below(RATIO),
    ),
    Claim(
        "double_descent",
        "linear_regression",
        says="The error of ridge regression on isotropic inputs peaks where data are as many as dimensions.",
        measured=Exactly("P at the largest error of the smallest ridge, in units of D,", on("isotropic", _peak)),
        expected=equals(1),
    ),
    Claim(
        "ridge_mitigates",
        "linear_regression",
        says="A ridge removes the peak of the error of regression where data are as many as dimensions.",
        measured=Estimated(
            "log of the error at the peak over that at the largest ridge", on("isotropic", _peak_over_ridged)
        ),
        expected=above(np.log(2).item()),
    ),
    Claim(
        "source_exponent",
        "linear_regression",
        says="Without noise and ridge the error of regression on power laws falls as P^(−2α min(r, 1)).",
        measured=Estimated(
            "exponent of the error in P (α = 2, r = 0.6)",
            lambda tables: slope_of_means(
                several(tables["structured"].at(ridge=min).nets("test"), "index"), x="index", log_y=True
            ),
        ),
        expected=about(-2.4, within=RATE),
    ),
    Claim(
        "linear_features",
        "random_features",
        says="Deterministic equivalents give the test error of linear random features at any width and data.",
        measured=Estimated(
            "mean |log(error/theory)| over P and N",
            on("widths", partial(off_in, metric="test", axes=["width", "index"])),
        ),
        expected=below(RATIO),
    ),
    Claim(
        "kinds_of_features",
        "random_features",
        says="Deterministic equivalents give the test error of deep, structured and ReLU random features.",
        measured=Estimated(
            "mean |log(error/theory)| over P and kinds",
            on("kinds", partial(off_in, metric="test", axes=["features", "index"])),
        ),
        expected=below(RATIO),
    ),
    Claim(
        "training_of_features",
        "random_features",
        says="Deterministic equivalents give the training error of random features.",
        measured=Estimated(
            "mean |log(training error/theory)| over P and kinds",
            on("kinds", partial(off_in, metric="train", axes=["features", "index"])),
        ),
        expected=below(2 * RATIO),
        note="Training errors near zero, below the interpolation threshold, are included.",
    ),
    Claim(
        "parts",
        "random_features",
        says="Bias and variances of random features, over data, features and noise, are as theory has them.",
        measured=Estimated(
            "mean |part − theory| over parts and P, in units of the error,", on("decomposition", pieces_off)
        ),
        expected=below(0.05),
    ),
    Claim(
        "shared_variance",
        "random_features",
        says="At the peak of the error of random features most of it is variance of data and features together.",
        measured=Mean(
            "error at P = N that an average over features removes, less what it leaves,",
            on("decomposition", removed_less_left),
        ),
        expected=above(0),
    ),
    *(
        Claim(
            name,
            "phases",
            says=says,
            measured=Estimated(f"exponent of the {what}", _slope(table, regime)),
            expected=about(value, within=RATE),
            note=note,
        )
        for name, table, regime, what, value, says, note in (
            (
                "limited_by_data",
                "limited",
                "data",
                "error in P, N = ∞ (α = 1.5, r = 0.75)",
                -2.25,
                "The error of random features that data limit falls as P^(−2α min(r, 1)).",
                "",
            ),
            (
                "limited_by_features",
                "limited",
                "features",
                "error in N, P = ∞ (α = 1.5, r = 0.75)",
                -1.5,
                "The error of random features that their number limits falls as N^(−α min(2r, 1)).",
                "Slower than in data: a projection has more variance over features than bias², for r > 1/2.",
            ),
            (
                "excess_of_data",
                "excess",
                "excess_data",
                "excess error in P at N = 12",
                -1,
                "Data that are many add an error to random features that falls as 1/P.",
                "Of first order in N/P, hence P from 16 N; from 8 N exact equivalents have −1.06 and so had the draws.",
            ),
            (
                "excess_of_features",
                "excess",
                "excess_features",
                "excess error in N at P = 12",
                -1,
                "Random features that are many add an error that falls as 1/N.",
                "",
            ),
        )
    ),
    *(
        Claim(
            name,
            "phases",
            says=says,
            measured=Exactly(
                f"mean distance of exponents at P = 10⁷ to 10⁸ from the formulas, σ² = {noise:g},", _misses(noise)
            ),
            expected=below(0.05),
            note="Of the exact equivalents, no sample; the rest is near borders and at slowly falling ridges. "
            "The threshold was written after a trial run.",
        )
        for name, noise, says in (
            (
                "phase_diagram",
                0,
                "Three formulas give the exponent of the noiseless error of random features for any ridge and width.",
            ),
            (
                "phase_diagram_noise",
                0.1,
                "Three formulas give the exponent of the noisy error of random features for any ridge and width.",
            ),
        )
    ),
)
