"""Claims of the paper; thresholds are its own agreement of theory with experiment, and theory's phases."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below, between, equals
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, Mean, on
from infwidth.analysis.statistics import Estimate, exact, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.canatar2021.measured import (
    NOISES,
    REPORTED_NTK,
    REPORTED_P,
    best_ridges,
    pairs,
    peak,
    reported_power,
    shell_ridges,
    with_noise,
)
from infwidth.papers.canatar2021.solve import pair
from infwidth.topics.learning_curves.measured import beside_theory, log_ratio

#: The paper's largest of MNIST and CIFAR-10, 0.9 to 2.7 %; and of its kernel experiments with the NTK, 3.1 %.
IMAGES, NTK = 0.03, 0.031


def _both_pairs(tables: Tables) -> Estimate:
    rows = [beside_theory(tables[name], "test_error").assign(pair=name) for name in ("zero_one", "eight_nine")]
    return log_ratio(pd.concat(rows), by=["pair"])


def _harder(tables: Tables) -> np.ndarray:
    """Return for every draw the log ratio of the error on 8 and 9 to that on 0 and 1, averaged over P."""
    errors = [
        tables[name].nets("test_error").pivot(index="seed", columns="step", values="value")
        for name in ("eight_nine", "zero_one")
    ]
    logs: np.ndarray = np.log(errors[0] / errors[1]).mean(axis=1).to_numpy()
    return logs


def _alignment(tables: Tables) -> float:
    powers = []
    for name in ("zero_one", "eight_nine"):
        rows = tables[name].limit("cumulative_power")
        powers.append(rows.value[rows["index"] == 9].item())
    return float(powers[0] - powers[1])


def _images(metric: str) -> Estimated:
    def measure(table: Table) -> Estimate:
        return log_ratio(beside_theory(table, metric, by=["name"]), by=["name"])

    return Estimated("mean |log ratio| of measured errors to theory's, over P and noises,", on("rbf_images", measure))


def _white(table: Table) -> Estimate:
    at = ["layer", "step"]
    exact_rows = table.limit("test_error")[[*at, "value"]].rename(columns={"value": "exact"})
    rows = table.nets("test_error").merge(exact_rows, on=at)
    return log_ratio(rows, by=["layer"])


def _phases(table: Table) -> float:
    found = pairs(table)
    clear = found[found.clear]
    if len(clear) < 20:
        raise NotTestableError("Phases need curves of many P and pairs of ridge and noise.")
    return float((clear.measured != clear.expected).mean())


def _ridges(tables: Tables) -> pd.DataFrame:
    return best_ridges(tables["white"], step=1000)


def _best_over_noise(tables: Tables) -> Estimate:
    found = _ridges(tables)
    ratios = found.assign(value=np.log(found.value.to_numpy() / found.noise.to_numpy()))
    return mean_over_seeds(ratios.groupby("seed").value.mean().to_numpy())


def _white_peak(table: Table) -> Estimate:
    """Return the α of the largest mean error with little ridge and noise, with those of single sets as its interval."""
    rows = table.at(layer=pair(0.01, 0.2)).nets("test_error")
    curves = rows[rows.step >= 500].pivot(index="seed", columns="step", values="value")
    α, errors = curves.columns.to_numpy(float) / 1000, curves.to_numpy()
    tops = α[errors.argmax(axis=1)]
    return Estimate(float(α[errors.mean(axis=0).argmax()]), float(tops.min()), float(tops.max()), len(tops))


def _lacks(table: Table) -> float:
    rows = table.at(layer=pair(0.001, 0))
    mean = rows.nets("left_part").groupby("step").value.mean()
    expected = np.maximum(1 - mean.index.to_numpy() / 1000, 0.0)
    return float(np.abs(mean.to_numpy() - expected).max())


def _descents(table: Table) -> Estimate:
    rows = [
        with_noise(
            table.at(variance=variance).nets("signal_error"), table.at(variance=variance).nets("noise_gain")
        ).assign(variance=variance)
        for variance in table.values("variance")
    ]
    limits = [
        with_noise(
            table.at(variance=variance).limit("signal_error"), table.at(variance=variance).limit("noise_gain")
        ).assign(variance=variance)
        for variance in table.values("variance")
    ]
    theory = pd.concat(limits)[["variance", "step", "value"]].rename(columns={"value": "exact"})
    return log_ratio(pd.concat(rows).merge(theory, on=["variance", "step"]), by=["variance"])


def _peaks(degree: int) -> Estimated:
    def measure(table: Table) -> Estimate:
        """Return P/N(d, k) at the peak of the error for the largest bandwidth, of the mean and of single sets."""
        widest = table.at(variance=max)
        shells = shell_ridges(widest)
        count = shells.multiplicity[shells["index"] == degree].item()
        rows = with_noise(widest.nets("signal_error"), widest.nets("noise_gain"))
        curves = rows.pivot(index="seed", columns="step", values="value")
        steps = curves.columns.to_numpy(float)
        if steps.max() < 1.5 * count:
            raise NotTestableError(
                f"The peak of degree {degree} is at about {count:g} examples, beyond those measured."
            )
        mean = peak(steps, curves.mean().to_numpy(), count) / count
        single = [peak(steps, curve.to_numpy(), count) / count for _, curve in curves.iterrows()]
        return Estimate(mean, min(single), max(single), len(single))

    return Estimated(f"P / N(d, {degree}) at the peak of the error", on("descents", measure))


def _no_peak(table: Table) -> Estimate:
    """Return, for the smallest bandwidth, the largest rise of the mean error from one P to the next, in logarithms."""
    narrow = table.at(variance=min)
    rows = with_noise(narrow.nets("signal_error"), narrow.nets("noise_gain"))
    mean = rows.groupby("step").value.mean()
    return exact(float(np.diff(np.log(mean.to_numpy())).max()), rows.seed.nunique())


def _reported(table: Table) -> float:
    """Return the mean |log ratio| of theory here, interpolated in logarithms, to the theory that the paper reports."""
    curve = with_noise(table.limit("signal_error"), table.limit("noise_gain"), NOISES[1]).sort_values("step")
    inside = curve.step.max() >= REPORTED_P
    here = np.interp(np.log(REPORTED_P[inside]), np.log(curve.step), np.log(curve.value))
    return float(np.abs(here - np.log(REPORTED_NTK[inside] / reported_power(table))).mean())


def _ntk(table: Table) -> Estimate:
    rows = []
    for noise in NOISES:
        of_sets = with_noise(table.nets("signal_error"), table.nets("noise_gain"), noise)
        theory = with_noise(table.limit("signal_error"), table.limit("noise_gain"), noise)
        theory = theory[["step", "value"]].rename(columns={"value": "exact"})
        rows.append(of_sets.merge(theory, on="step").assign(noise=noise))
    return log_ratio(pd.concat(rows), by=["noise"])


def _over_kernel(table: Table, size: int) -> pd.Series:
    """Return for every data set the log ratio of the error to that of the kernel on the same data, averaged over P."""
    errors = [
        rows.pivot(index="seed", columns="step", values="value")
        for rows in (table.at(index=size).nets("test_error"), table.nets("kernel_error"))
    ]
    return np.log(errors[0] / errors[1]).mean(axis=1)


def _nets(table: Table) -> Estimate:
    rows = beside_theory(table.at(width=max), "test_error")
    return log_ratio(rows[rows["index"] == 1])


def _ensembles(table: Table) -> np.ndarray:
    widest = table.at(width=max)
    sizes = sorted(widest.nets("test_error")["index"].unique())
    difference: np.ndarray = (_over_kernel(widest, sizes[0]) - _over_kernel(widest, sizes[-1])).to_numpy()
    return difference


def _ensembles_left(table: Table) -> np.ndarray:
    widest = table.at(width=max)
    left: np.ndarray = _over_kernel(widest, max(widest.nets("test_error")["index"])).to_numpy()
    return left


CLAIMS = (
    Claim(
        "theory_pairs",
        "fig1",
        says="Spectrum and alignment predict the learning curves of the NTK on pairs of digits.",
        measured=Estimated("mean |log ratio| of measured errors to theory's", _both_pairs),
        expected=below(0.05),
        note="For 8 and 9 theory is right to a few percent. For 0 and 1 errors are up to 30 % above it from 25 "
        "examples on; a few untypical images, which Gaussian features do not have, may be why: not tested. A first "
        "run to 400 examples missed by 11 %; 200 are the paper's share of the set. At workstation scale the share was "
        "corrected after seeing: to 3000 of 4000 images, of which few are then unseen, theory missed by 15 %.",
    ),
    Claim(
        "harder_pair",
        "fig1",
        says="Of two pairs of digits that which is less aligned with the kernel takes more examples.",
        measured=Mean("log ratio of the error on 8 and 9 to that on 0 and 1", _harder),
        expected=above(0),
    ),
    Claim(
        "alignment",
        "fig1",
        says="Digits 0 and 1 have more of their power in the kernel's first eigenfunctions than digits 8 and 9.",
        measured=Exactly("cumulative power in ten eigenfunctions, 0-1 less 8-9,", _alignment),
        expected=above(0),
        note="Of one set of images, no sample.",
    ),
    Claim(
        "theory_images",
        "fig2",
        says="Theory predicts the error of a Gaussian kernel on images with and without noise.",
        measured=_images("test_error"),
        expected=below(IMAGES),
        note="The paper: 0.9 to 1.4 % on MNIST, 1.9 to 2.7 % on CIFAR-10, with 30 draws. "
        "Corrected after seeing: with draws replaced, as the papers' formula has them, theory missed by 7.6 %; images "
        "are drawn without, and the formula is now that of a finite set.",
    ),
    Claim(
        "theory_unseen",
        "fig2",
        says="Theory predicts the error of a Gaussian kernel on images that were not drawn.",
        measured=_images("unseen_error"),
        expected=below(IMAGES),
        note="From theory's error on all images and its error on those drawn. Corrected after seeing, as the claim on "
        "all images: before, theory missed by 16 %.",
    ),
    Claim(
        "theory_white",
        "fig3",
        says="Closed form and experiment agree for a white spectrum at all ridges and noises.",
        measured=Estimated("mean |log ratio| of measured errors to theory's", on("white", _white)),
        expected=below(0.03),
    ),
    Claim(
        "phases",
        "fig3",
        says="Ridge and noise decide whether a learning curve is monotone, has one critical point or two.",
        measured=Exactly("part of the pairs whose curve has other critical points", on("white", _phases)),
        expected=equals(0),
        note="Turns of less than 3 % count as none; pairs for which theory's own curve has turns too small for it are "
        "left out.",
    ),
    Claim(
        "best_ridge",
        "fig3",
        says="The best ridge is the noise.",
        measured=Exponent("the ridge of the least error, P = N,", _ridges, axis="noise"),
        expected=about(1, within=0.1),
        note="A parabola through the three best ridges of a grid, for every set of features and each noise within it.",
    ),
    Claim(
        "best_ridge_value",
        "fig3",
        says="The best ridge over the noise is one.",
        measured=Estimated("mean log ratio of the best ridge to the noise", _best_over_noise),
        expected=about(0, within=0.1),
    ),
    Claim(
        "white_peak",
        "fig3",
        says="With little ridge the error of a white spectrum peaks where examples are as many as modes.",
        measured=Estimated("P / N at the largest error", on("white", _white_peak)),
        expected=about(1, within=0.15),
        note="Beyond P = N/2; the interval spans single training sets on the grid of P.",
    ),
    Claim(
        "mean_predictor",
        "fig3",
        says="Without ridge the mean predictor has the part P/N of a white target, and all of it from P = N on.",
        measured=Exactly("largest distance of the part that it lacks from max(1 − P/N, 0)", on("white", _lacks)),
        expected=below(0.05),
        note="The ridge is 0.001, which leaves the root of it, 0.03, at P = N.",
    ),
    Claim(
        "theory_descents",
        "fig5",
        says="Theory predicts learning curves with several descents.",
        measured=Estimated("mean |log ratio| of measured errors to theory's", on("descents", _descents)),
        expected=below(0.05),
    ),
    Claim(
        "first_peak",
        "fig5",
        says="Noise peaks where the examples are as many as the harmonics of degree one.",
        measured=_peaks(1),
        expected=between(2 / 3, 3 / 2),
        note="For the widest kernel; the interval spans single training sets on the grid of P.",
    ),
    Claim(
        "second_peak",
        "fig5",
        says="Noise peaks again where the examples are as many as the harmonics of degree two.",
        measured=_peaks(2),
        expected=between(2 / 3, 3 / 2),
        note="For the widest kernel; the interval spans single training sets on the grid of P.",
    ),
    Claim(
        "no_peak",
        "fig5",
        says="A narrow kernel has so much effective ridge that its error falls monotonically.",
        measured=Estimated("largest rise of the log error from one P to the next", on("descents", _no_peak)),
        expected=below(0.02),
        control=Estimated(
            "the same", on("descents", lambda table: _no_peak(Table(table.frame[table.frame.variance > 1])))
        ),
    ),
    Claim(
        "theory_reported",
        "fig6",
        says="Theory for the NTK in dimension 25 is that which the paper reports.",
        measured=Exactly("mean |log ratio| to the 20 reported values", on("ntk_linear", _reported)),
        expected=below(0.05),
        note="Degrees beyond five act as a ridge here, where the paper sums them to 200.",
    ),
    Claim(
        "theory_ntk",
        "fig6",
        says="Theory predicts regression with the NTK on a noisy linear target.",
        measured=Estimated("mean |log ratio| of measured errors to theory's, three noises,", on("ntk_linear", _ntk)),
        expected=below(NTK),
        note="The paper reports 0.031 for its experiments at the middle noise.",
    ),
    Claim(
        "nets",
        "fig6",
        says="Wide nets follow theory of the NTK on a noisy linear target.",
        measured=Estimated("mean |log ratio| of the widest nets' errors to theory's", on("nets", _nets)),
        expected=below(0.189),
        note="Theory with the power of the initial function; the paper, without, reports 0.607 at width 1000 and 0.189 "
        "at 50000.",
    ),
    Claim(
        "ensembles",
        "fig6",
        says="Ensembles of nets are closer to the kernel's error than single nets.",
        measured=Mean("log ratio to the kernel's error, single nets less ensembles,", on("nets", _ensembles)),
        expected=above(0),
        note="The paper reports 0.25 for one net, 0.20 for 3 and 0.148 for 10, at width 8000.",
    ),
    Claim(
        "ensembles_left",
        "fig6",
        says="Ensembles of ten wide nets err as their kernel does.",
        measured=Mean("log ratio of their error to that of the kernel on the same data", on("nets", _ensembles_left)),
        expected=about(0, within=0.2),
    ),
)
