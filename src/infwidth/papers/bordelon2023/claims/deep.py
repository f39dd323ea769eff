"""Claims on fluctuations of lazy, deep linear and untrained deep nets; intervals are from theory."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from infwidth.analysis.against_limit import mean_log_ratio
from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, below
from infwidth.analysis.quantities import Estimated, Exponent, Mean, several
from infwidth.analysis.statistics import Estimate, jackknife, mean_over_seeds
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023.claims.from_theory import RATE, RATIO, exponent_of_means, off_theory
from infwidth.papers.bordelon2023.measured import diagonal, relative_kernel_variance, traces


def _slope_in_depth(rows: pd.DataFrame) -> np.ndarray:
    """Return the slope through the origin of the value in ``depth``, by group."""
    return ((rows.value * rows.depth).groupby(rows.seed).sum() / (rows.depth**2).groupby(rows.seed).sum()).to_numpy()


def _lazy(layer: str) -> Callable[[Tables], Estimate]:
    """Return what measures the mean over modes of |log(nets/theory)| of N Var Δ summed over training."""

    def measure(tables: Tables) -> Estimate:
        of = tables["lazy_modes"].at(layer=layer)
        nets = of.nets("fluctuation").groupby(["index", "seed"]).value.sum().reset_index()
        return mean_log_ratio(nets, of.limit("fluctuation").groupby("index").value.sum(), ["index"])

    return measure


def _deep(layers: str) -> Callable[[Tables], Estimate]:
    """Return what measures the mean over γ0, times and these layers of |log(N Var of nets/theory)|."""

    def measure(tables: Tables) -> Estimate:
        table = tables["deep_linear_variance"]
        of = table.at(layer=[name for name in table.values("layer") if name.startswith(layers)])
        return off_theory(of, ["gamma0", "layer", "step"])

    return measure


def _accumulation(tables: Tables) -> Estimate:
    """Return log of the rise of N Var H to its peak, of the last layer over that of the first, at the largest γ0."""
    table = tables["deep_linear_variance"].at(gamma0=max)
    layers = [name for name in table.values("layer") if name.startswith("feature")]
    of = table.at(layer=[layers[0], layers[-1]]).nets("fluctuation")

    def grown(wide: pd.DataFrame) -> float:
        means = np.log(wide.mean(axis=1)).unstack("layer")
        ratio = means.max() - means.loc[0]
        return float(ratio[layers[-1]] - ratio[layers[0]])

    return jackknife(of.pivot_table(index=["step", "layer"], columns="seed", values="value"), grown)


def _initial_growth(tables: Tables) -> Estimate:
    """Return the slope through the origin of N Var H^l of nets in l before training, mean over γ0, by group."""
    table = tables["deep_linear_variance"].at(step=0)
    rows = table.at(layer=[name for name in table.values("layer") if name.startswith("feature")]).nets("fluctuation")
    return mean_over_seeds(_slope_in_depth(rows.assign(depth=rows.layer.str.removeprefix("feature").astype(int))))


def _relative_at_end(tables: Tables) -> pd.DataFrame:
    nets, _ = relative_kernel_variance(tables["deep_linear_variance"])
    return nets[nets.step == nets.step.max()]


def _by_gamma(tables: Tables) -> Estimate:
    return exponent_of_means(several(_relative_at_end(tables), "gamma0"), x="gamma0")


def _initial(layer: str) -> Callable[[Tables], Estimate]:
    """Return what measures the mean over activations and pairs of layers of |log(N Cov/theory)|, widest nets."""

    def measure(tables: Tables) -> Estimate:
        of = tables["initial_covariance"].at(width=max).at(layer=layer)
        return off_theory(of, ["activation", "index"], "covariance")

    return measure


def _slope_in_layers(tables: Tables) -> np.ndarray:
    """Return the slope through the origin of N Var Φ^l in l of the widest ReLU nets, by group."""
    of = tables["initial_covariance"].at(width=max).at(layer="features", activation="unit_relu")
    return _slope_in_depth(diagonal(of.nets("covariance")))


def _traces(tables: Tables) -> pd.DataFrame:
    return traces(tables["initial_covariance"].at(activation="unit_relu", layer="features").nets("covariance"))


_LAZY = (
    "Corrected after seeing; before: mean |log| over the times of the first half, 0.19 and 0.27. Late, when errors are "
    "gone, exponentials of kernels that differ scatter beyond any first order in t²/N."
)

CLAIMS = (
    Claim(
        "lazy_total",
        "lazy_modes",
        says="Lazy two-layer nets have, over several examples, the total variance of errors of the theory with "
        "standing kernels.",
        measured=Estimated("|log(N Σ Var Δ of nets/theory)|, summed over training,", _lazy("total")),
        expected=at_most(RATIO),
        note=_LAZY,
    ),
    Claim(
        "lazy_by_mode",
        "lazy_modes",
        says="Lazy two-layer nets have along each eigenvector of the kernel the variance of errors of the theory with "
        "standing kernels.",
        measured=Estimated("mean over modes of |log(N Var Δ of nets/theory)|, summed over training,", _lazy("mode")),
        expected=at_most(RATIO),
        note=_LAZY,
    ),
    Claim(
        "deep_features",
        "deep_linear",
        says="The Hessian of the action has the variance of the kernels of features of deep linear nets in training.",
        measured=Estimated("mean |log(N Var H^l of nets/theory)| over layers, times and γ0", _deep("feature")),
        expected=at_most(0.15),
        note="The next order is larger than in shallow nets: three layers at N = 128.",
    ),
    Claim(
        "deep_kernel",
        "deep_linear",
        says="The Hessian of the action has the variance of the tangent kernel of deep linear nets in training.",
        measured=Estimated("mean |log(N Var K of nets/theory)| over times and γ0", _deep("kernel")),
        expected=at_most(0.15),
    ),
    Claim(
        "initial_growth",
        "deep_linear",
        says="Before training the kernels of features of deep linear nets have N times a variance of 2, 4, 6 by layer.",
        measured=Estimated("slope through the origin of N Var H^l in l, by groups,", _initial_growth),
        expected=about(2, within=0.3),
    ),
    Claim(
        "accumulates",
        "deep_linear",
        says="In deep linear nets that learn features the variance of kernels grows more in the last layer than in the "
        "first.",
        measured=Estimated(
            "log of the rise of N Var H of the last layer to its peak over that of the first, largest γ0,",
            _accumulation,
        ),
        expected=above(0),
    ),
    Claim(
        "signal_to_noise",
        "deep_linear",
        says="After training the variance of the tangent kernel of deep linear nets over its square falls with the "
        "richness.",
        measured=Estimated("exponent in γ0 of N Var K/K² of nets at the end", _by_gamma),
        expected=below(0),
    ),
    *(
        Claim(
            f"initial_{layer}",
            "init_kernels",
            says=f"Kernels of {layer} of untrained nets have between layers the covariance V {law}/N, V = 2 for "
            "linear and 5 for ReLU nets.",
            measured=Estimated("mean |log(N Cov/theory)| over pairs of layers, widest nets,", _initial(layer)),
            expected=at_most(RATIO),
        )
        for layer, law in (("features", "min(l, l′)"), ("gradients", "min(L + 1 − l, L + 1 − l′)"))
    ),
    Claim(
        "variance_per_layer",
        "init_kernels",
        says="Each layer of an untrained wide ReLU net adds 5/N to the variance of the kernel of features.",
        measured=Mean("slope through the origin of N Var Φ^l in l, widest nets,", _slope_in_layers),
        expected=about(5, within=0.5),
    ),
    Claim(
        "initial_trace",
        "init_kernels",
        says="The trace of the covariance of kernels of untrained ReLU nets falls as 1/N.",
        measured=Exponent("the trace over ten layers", _traces, estimator=exponent_of_means),
        expected=about(-1, within=RATE),
        note="The exact law has −1.06 between N = 128 and 1024.",
    ),
)
