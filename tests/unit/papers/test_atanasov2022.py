"""Ensembles' errors two ways, averages of kernels, the toy model against draws of its own, and the figures."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from infwidth.analysis.bias_variance import infinite_ensemble
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.limits import kernel_averages
from infwidth.limits.learning_curves import Task
from infwidth.papers import paper_module
from infwidth.papers.atanasov2022 import limits
from infwidth.papers.atanasov2022.claims import CLAIMS
from infwidth.papers.atanasov2022.measured import half_point
from infwidth.papers.atanasov2022.solve import NoisyFeatures
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve
from infwidth.specs.block import read

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale."""
    return {
        experiment: Table(
            gather({cell.id: solve(cell.spec.solve, None) for cell in cells}, {c.id: c.axes for c in cells})
        )
        for experiment, cells in load_paper("atanasov2022", "smoke").cells.items()
    }


# ---- ensembles


def test_error_of_infinite_ensembles_is_that_of_the_jackknife() -> None:
    """Pseudo-values of the losses of E and of E - 1 nets share no code with the product of pairs."""
    errors, n = RNG(0).standard_normal((5, 30)) + 0.3, 5
    records = [("ensemble_loss", -1, (errors.mean(axis=0) ** 2).mean())]
    for e in range(n):
        records.append(("ensemble_loss_without", e, (np.delete(errors, e, axis=0).mean(axis=0) ** 2).mean()))
        records.append(("single_loss", e, (errors[e] ** 2).mean()))
    frame = pd.DataFrame(records, columns=["metric", "index", "value"])
    frame = frame.assign(of="ensemble", seed=-1, step=0, layer="", width=8.0, lr=0.1, cell="a")
    single = pd.DataFrame({"metric": "x", "index": -1, "value": 0.0, "of": "net", "seed": range(n), "step": 0})
    table = Table(pd.concat([frame, single.assign(layer="", width=8.0, lr=0.1, cell="a")], ignore_index=True))
    assert kernel_averages.ensemble_error(errors) == pytest.approx(
        infinite_ensemble(table, width=8, step=0).mean(), rel=1e-12
    )


def test_error_of_infinite_ensembles_has_no_bias() -> None:
    """The mean over many draws of two nets is the square of their common error, that of one net has the variance."""
    common = np.linspace(0, 1, 20)
    drawn = common + RNG(1).standard_normal((4000, 2, 20))
    mean = np.mean([kernel_averages.ensemble_error(pair) for pair in drawn])
    assert mean == pytest.approx((common**2).mean(), abs=0.02)


def test_averages_of_one_kernel_are_regression_with_it() -> None:
    ψ, y = RNG(2).standard_normal((3, 14, 40)), RNG(3).standard_normal(6)
    K, k = ψ[:, :6] @ ψ[:, :6].transpose(0, 2, 1), ψ[:, 6:] @ ψ[:, :6].transpose(0, 2, 1)
    one = k[0] @ np.linalg.solve(K[0], y)
    for predicted in kernel_averages.averages(K[:1], k[:1], y):
        np.testing.assert_allclose(predicted, one, rtol=1e-9)
    functions, features, kernels = kernel_averages.averages(K, k, y)
    each = [cross @ np.linalg.solve(kernel, y) for kernel, cross in zip(K, k, strict=True)]
    np.testing.assert_allclose(functions, np.mean(each, axis=0), rtol=1e-9)
    joint = np.concatenate(list(ψ), axis=1)  # features side by side have the sum of kernels
    np.testing.assert_allclose(kernels, joint[6:] @ np.linalg.lstsq(joint[:6], y)[0], rtol=1e-9)
    assert not np.allclose(features, functions, rtol=1e-3)
    assert not np.allclose(features, kernels, rtol=1e-3)


def test_features_averaged_are_those_of_the_symmetric_root() -> None:
    """Where all points are training points, features are K^{1/2}, and their mean's regression fits the targets."""
    ψ, y = RNG(4).standard_normal((3, 5, 9)), RNG(5).standard_normal(5)
    K = ψ @ ψ.transpose(0, 2, 1)
    np.testing.assert_allclose(kernel_averages.averages(K, K, y).features, y, rtol=1e-9)


def test_alignment_is_one_of_the_targets_own_kernel() -> None:
    y = RNG(6).standard_normal(7)
    aligned = kernel_averages.target_alignment(np.stack([3 * np.outer(y, y), np.eye(7)]), y)
    np.testing.assert_allclose(aligned, [1.0, 7**-0.5])


def test_onset_is_where_the_ratio_crosses_one_half() -> None:
    ratio = pd.Series([1.0, 0.75, 0.25, 0.3], index=[1, 10, 1000, 10000])
    assert half_point(ratio) == pytest.approx(100.0)
    assert half_point(ratio.iloc[:2]) == np.inf


# ---- the toy model


def test_toy_model_meets_fresh_draws() -> None:
    """Three shells of unequal noise, two of them in the target: test errors on fresh examples, no formula of modes."""
    λ, counts, p, s = np.array([1.0, 0.2, 0.02]), np.array([3, 20, 200]), np.array([0.3, 0.7, 0.0]), [0.02, 0.2, 0.1]
    noise = λ * np.array(s)
    task = Task.of(λ, p, counts, rest=0.5)
    first = np.cumsum([0, *counts[:-1]])
    spread, part, single, pair, P = np.repeat(λ, counts), np.repeat(noise, counts), [], [], 60
    for seed in range(60):
        rng = RNG(seed)
        φ = rng.standard_normal((P + 500, counts.sum()))
        y = φ[:, first[:2]] @ np.sqrt(p[:2])
        errors = []
        for _ in range(2):
            z = np.sqrt(spread) * φ + np.sqrt(part) * rng.standard_normal(φ.shape)
            weights = np.linalg.solve(z[:P] @ z[:P].T + 0.5 * np.eye(P), y[:P])
            errors.append(z[P:] @ (z[:P].T @ weights) - y[P:])
        single.append(np.mean(np.square(errors)))
        pair.append(np.mean(errors[0] * errors[1]))
    assert limits.noisy_error(task, noise, np.array([P]))[0] == pytest.approx(np.mean(single), rel=0.04)
    assert limits.noisy_ensemble_error(task, noise, np.array([P]))[0] == pytest.approx(np.mean(pair), rel=0.04)


def test_numerator_of_the_toy_model_is_the_equation_of_the_paper() -> None:
    """Eq. 5 with κ = P times ours; and its implicit equation for κ."""
    λ, η, P = np.array([0.6, 0.02, 0.001]), np.array([0.01, 0.004, 1e-4]), 15.0
    task, counts = None, np.array([5, 30, 100])
    task = Task.of(λ, [0.0, 1.0, 0.0], counts)
    regression, _ = limits.noisy_task(task, η)
    κ = P * limits.kappa(regression, [P])[0]
    assert counts @ ((λ + η) / ((λ + η) * P + κ)) == pytest.approx(1.0)
    a, b = P * (λ + η)[1] / κ, P * η[1] / κ
    printed = ((1 + b) / (1 + a) + b) / (1 + a)
    γ = counts @ (P * (λ + η) / (P * (λ + η) + κ)) ** 2 / P
    assert limits.noisy_error(task, η, np.array([P]))[0] == pytest.approx(printed / (1 - γ), rel=1e-9)


def test_noise_without_end_makes_a_plateau_and_half_of_it_in_ensembles_vanishes() -> None:
    """At P → ∞ one net is left with s and infinitely many with s²; without noise both are the kernel's curve."""
    task = Task.of([1.0, 0.1], [0.0, 1.0], [1, 10], rest=0.1)
    noise, far = np.array([0.1, 0.025]), np.array([1e7])
    assert limits.noisy_error(task, noise, far)[0] == pytest.approx(0.2, rel=1e-3)
    assert limits.noisy_ensemble_error(task, noise, far)[0] == pytest.approx(0.04, rel=1e-3)
    few = np.array([5.0, 50.0])
    none = limits.noisy_error(task, 0 * noise, few)
    np.testing.assert_allclose(limits.noisy_ensemble_error(task, 0 * noise, few), none, rtol=1e-9)


# ---- tables, claims and figures


def test_every_claim_is_judged_at_smoke_scale(tables: dict[str, Table]) -> None:
    found = ledger("atanasov2022", CLAIMS, {f"atanasov2022.{name}": t for name, t in tables.items()} | tables)
    assert len(found) == len(CLAIMS)


@pytest.mark.parametrize("figure", ["fig3", "fig4", "fig6"])
def test_figures_are_drawn_where_little_is_run(figure: str, tables: dict[str, Table]) -> None:
    with style():
        drawn = getattr(paper_module("atanasov2022", f"figures.{figure}"), figure)(tables)
        plt.close(drawn)


def test_errors_meet_the_infinite_net_where_nets_are_lazy(tables: dict[str, Table]) -> None:
    """With α = 20 nets of width 32 are nearer to their initial kernel than to the infinite net's."""
    table = tables["onset_nets"].at(alpha=20, step=max)
    nets, initial, infinite = (table.nets(m).value.mean() for m in ("test_error", "initial_error", "kernel_error"))
    assert abs(np.log(nets / initial)) < abs(np.log(nets / infinite))


def test_specs_without_meaning_are_refused() -> None:
    given = load_paper("atanasov2022", "smoke").cells["onset_toy"][0].spec.solve.model_dump()
    for change, words in (({"simulated": [5]}, "among the widths"), ({"degree": 4}, "leaves out")):
        with pytest.raises(SpecError, match=words):
            read(NoisyFeatures, given | change, where="here")
