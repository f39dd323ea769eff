"""The mean-field limit of two Gaussians, against integrals, gradients and wide nets; and limits of a paper's own."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from scipy import integrate, special

from builders import computed, expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers.mei2018 import limits
from infwidth.papers.mei2018.claims import CLAIMS
from infwidth.papers.mei2018.figures.radial import radial
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

PARTICLES = {
    "name": "mei2018.particles",
    "width": 2000,
    "dimension": 10,
    "separation": 0.8,
    "initial_scale": 0.8,
    "horizon": 1.0,
    "n_quantiles": 200,
    "lr": 0.02,
    "dt": 0.1,
    "batch_size": 200,
    "n_seeds": 1,
    "show": [0, 1],
}


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale."""
    return {
        experiment: Table(
            gather({cell.id: solve(cell.spec.solve, None) for cell in cells}, {c.id: c.axes for c in cells})
        )
        for experiment, cells in load_paper("mei2018", "smoke").cells.items()
    }


# ---- the limit


@pytest.mark.parametrize("dimension", [3, 10, 40, None])
def test_projection_is_the_integral_over_the_sphere(dimension: int | None) -> None:
    def density(z: float) -> float:
        if dimension is None:
            return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
        norm = np.sqrt(dimension) * special.beta(0.5, (dimension - 1) / 2)
        return float((1 - z**2 / dimension) ** ((dimension - 3) / 2) / norm)

    end = 10.0 if dimension is None else np.sqrt(dimension)
    for τ in (0.2, 0.7, 1.0, 3.0, 12.0):
        kinks = [k / τ for k in (limits.START, limits.END) if k / τ < end]
        expected, _ = integrate.quad(
            lambda z, τ=τ: limits.PLATEAUS.value(np.array(τ * z)) * density(z),
            -end,
            end,
            points=kinks or None,
            limit=200,
        )
        h, slope = (float(x) for x in limits.projected(np.array(τ), dimension))
        assert h == pytest.approx(expected, abs=1e-7)
        around, _ = limits.projected(np.array([τ - 1e-5, τ + 1e-5]), dimension)
        assert slope == pytest.approx(float(np.diff(around)[0]) / 2e-5, abs=1e-4)


def test_projection_of_high_dimension_is_the_gaussian_one() -> None:
    τ = np.linspace(0.1, 5, 50)
    gaps = [np.abs(limits.projected(τ, d)[0] - limits.projected(τ, None)[0]).max() for d in (100, 200, 400)]
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.05)
    assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.05)


def test_inputs_have_the_moments_of_the_gaussians() -> None:
    s, y, weight = limits.input_nodes(0.8, 7)
    assert weight.sum() == pytest.approx(1)
    for label, deviation in ((1, 1.8), (-1, 0.2)):
        of = y == label
        assert weight[of].sum() == pytest.approx(0.5)
        assert 2 * weight[of] @ s[of] ** 2 == pytest.approx(deviation**2)
        assert 2 * weight[of] @ s[of] ** 4 == pytest.approx(deviation**4 * (1 + 2 / 7))


def test_initial_radii_are_quantiles() -> None:
    drawn = np.linalg.norm(np.random.default_rng(0).normal(0, 0.8 / np.sqrt(5), (200_000, 5)), axis=1)
    expected = np.quantile(drawn, [0.1025, 0.5025, 0.9025])
    np.testing.assert_allclose(limits.initial_radii(0.8, 5, 200)[[20, 100, 180]], expected, atol=3e-3)


def test_velocity_is_the_gradient_of_the_risk_and_the_risk_falls() -> None:
    """dr/dt = −M ∂R/∂r for M radii of weight 1/M: the direction by differences of R, which has no h' in it."""
    inputs, radii = limits.input_nodes(0.8, 10), limits.initial_radii(0.8, 10, 200)

    def risk(r: np.ndarray) -> float:
        h, _ = limits.projected(r[:, None] * inputs.s, 10)
        return float(inputs.weight @ (inputs.y - h.mean(0)) ** 2)

    dt = 1e-5
    history, risks = limits.flow(radii, inputs, 10, dt=dt, steps=1)
    assert risks[0] == pytest.approx(risk(radii))
    for i in (0, 77, 199):
        change = np.eye(len(radii))[i] * 1e-4
        gradient = (risk(radii + change) - risk(radii - change)) / 2e-4
        assert (history[1] - history[0])[i] / dt == pytest.approx(-len(radii) * gradient, rel=1e-3)
    _, risks = limits.flow(radii, inputs, 10, dt=0.05, steps=60)
    assert (np.diff(risks) < 0).all()
    assert limits.flow(radii, inputs, 10, dt=0.025, steps=120)[1][-1] == pytest.approx(risks[-1], abs=2e-3)


def test_wide_nets_follow_the_limit() -> None:
    """Vectors in R^d that know nothing of radii, against the reduction to radii."""
    rows = computed(**PARTICLES)
    risk, limit = (rows[rows.metric == m].set_index("step").value for m in ("risk", "limit_risk"))
    assert limit.iloc[0] - limit.iloc[-1] > 0.4
    assert (risk - limit).abs().max() < 0.03
    assert rows[rows.metric == "wasserstein"].value.item() < 0.03
    centres, *densities = (
        rows[rows.metric == metric].pivot(index="step", columns="index", values="value")
        for metric in ("bin_centre", "density", "limit_density")
    )
    widths = centres[1] - centres[0]
    assert widths.nunique() == len(widths) > 1  # the bins are those of the time
    for density, missing in zip(densities, (0.01, 1e-6), strict=True):  # of the nets' units some are beyond the limit's
        np.testing.assert_allclose(density.sum(axis=1) * widths, 1, atol=missing)


def test_examples_of_a_seed_are_the_same_for_all_widths() -> None:
    first, second = (computed(**{**PARTICLES, "width": 20, "n_seeds": n, "horizon": 0.1}) for n in (1, 2))
    both = [rows[(rows.metric == "risk") & (rows.seed == 0)].value.to_numpy() for rows in (first, second)]
    np.testing.assert_array_equal(*both)


# ---- claims and figure


def test_no_claim_of_radial_fails_at_smoke_scale(tables: dict[str, Table]) -> None:
    of_radial = [claim for claim in CLAIMS if claim.figure == "radial"]
    verdicts = ledger("mei2018", of_radial, tables).set_index("claim").verdict
    assert verdicts["reduced_dynamics"] == "reproduced"
    assert "not reproduced" not in set(verdicts)


def test_what_is_stuck_at_smoke_scale_is_stuck(tables: dict[str, Table]) -> None:
    verdicts = ledger("mei2018", CLAIMS, tables).set_index("claim").verdict
    assert verdicts["escape"] == "reproduced"


def test_figure_is_drawn(tables: dict[str, Table]) -> None:
    with style():
        drawn = radial(tables)
        drawn.canvas.draw()
        titles = [axes.get_title() for axes in drawn.axes]
        plt.close(drawn)
    assert titles[:2] == ["t = 0", "t = 1"]


# ---- a paper's own limits


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "mei2018.particle"}, r"solve.name: unknown computation .*\(did you mean 'particles'\?\)"),
        ({"name": "mei2018.flow"}, r"unknown computation 'mei2018.flow'"),
        ({"name": "mei2081.particles"}, r"no paper 'mei2081' with computations of its own \(did you mean 'mei2018'"),
        ({"separation": 1.5}, "solve.separation: 1.5: must be Δ"),
        ({"seeds": 3}, r"solve: unknown key 'seeds' \(did you mean 'n_seeds'\?\)"),
        ({"batch_size": 0}, "solve.batch_size: 0: must be a whole number from 1"),
        ({"n_quantiles": 0}, "solve.n_quantiles: 0: must be a whole number from 1"),
        ({"lr": 0.03}, r"solve: dt 0.1 must be a multiple of lr 0.03"),
    ],
)
def test_specs_without_meaning_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve={**PARTICLES, **change})


def test_data_are_refused_where_a_computation_takes_none() -> None:
    data = {"name": "mnist5k", "image_size": None, "train_size": 9, "test_size": 9, "normalization": "unit"}
    with pytest.raises(SpecError, match="data: this computation takes no data"):
        expanded(solve=PARTICLES, data=data)
