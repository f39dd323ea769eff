"""Rotskoff & Vanden-Eijnden and Kaplan et al.: training steps against autograd, tables at smoke scale, figures."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import claims_of, figure_function
from infwidth.papers.rotskoff2018 import solve as spins
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

FIGURES = {"rotskoff2018": "error", "kaplan2020": "width_law"}
LAW = {
    "name": "kaplan2020.width_law",
    "rule": "mup",
    "width": 8,
    "base_width": 4,
    "dimension": 3,
    "n_teacher": 5,
    "samples": [12],
    "lr": 0.2,
    "steps": 1,
    "n_seeds": 2,
}


@pytest.fixture(scope="module", params=FIGURES)
def paper(request: pytest.FixtureRequest) -> tuple[str, dict[str, Table]]:
    """Return the name of a paper and its tables at smoke scale."""
    tables = {}
    for name, cells in load_paper(request.param, "smoke").cells.items():
        frames = {cell.id: solve(cell.spec.solve, None) for cell in cells}
        tables[name] = Table(gather(frames, {cell.id: cell.axes for cell in cells}), name)
    return request.param, tables


def test_a_figure_is_drawn_and_claims_are_judged(paper: tuple[str, dict[str, Table]]) -> None:
    name, tables = paper
    verdicts = ledger(name, claims_of(name), tables).verdict
    assert set(verdicts) <= {"reproduced", "inconclusive", "not reproduced", "not testable at this scale"}
    assert "not run" not in set(verdicts)
    with style():
        drawn = figure_function(name, FIGURES[name])(tables)
        drawn.canvas.draw()
        assert drawn.axes
        plt.close(drawn)


# ---- the spin glass


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_units_move_along_the_gradient(activation: str) -> None:
    net = spins._Units([np.random.default_rng(s) for s in range(2)], 6, 3, activation)
    leaves = [p.clone().requires_grad_() for p in (net.a, net.b, net.c)]
    x, y = torch.randn(9, 3), torch.randn(2, 9)
    h = leaves[0] @ x.T + leaves[1]
    f = (leaves[2] * (h.tanh() if activation == "tanh" else h.relu())).mean(1)
    gradients = torch.autograd.grad((f - y).square().mean(1).sum(), leaves)
    net.descend(x, y, 0.1)
    for after, before, gradient in zip((net.a, net.b, net.c), leaves, gradients, strict=True):
        torch.testing.assert_close(after, before - 0.1 * 6 * gradient)


def test_energies_are_the_sums_over_three_coordinates() -> None:
    rng = np.random.default_rng(0)
    couplings, x = rng.standard_normal((2, 4, 4, 4)), spins._on_sphere(rng, 5, 4)
    np.testing.assert_allclose((x**2).sum(1), 4, rtol=1e-5)
    expected = np.einsum("sabc,na,nb,nc->sn", couplings, x, x, x)
    np.testing.assert_allclose(spins._energies(couplings, x), expected, rtol=1e-5)


# ---- widths and data


def test_rules_are_one_at_the_base_width_and_differ_beyond() -> None:
    ntk, mup = (computed(**LAW | {"rule": rule, "width": 4, "steps": 5}).value for rule in ("ntk", "mup"))
    np.testing.assert_allclose(ntk, mup, rtol=1e-6)
    ntk, mup = (computed(**LAW | {"rule": rule, "steps": 5}).value for rule in ("ntk", "mup"))
    assert (ntk - mup).abs().min() > 1e-4


def test_a_step_is_that_of_autograd() -> None:
    """The loss after one step, from weights, task and rates by themselves."""
    from infwidth.papers.kaplan2020.solve import _task, _test_inputs, _weights
    from infwidth.solve import block_of
    from infwidth.specs.block import read

    spec = read(block_of(LAW["name"]), LAW, where="a test")
    x, y, y_test = (torch.from_numpy(part) for part in _task(spec, 1))
    w, a = (torch.from_numpy(part).requires_grad_() for part in _weights(spec, 1))
    scale, rate = 0.5 / 2**0.5, 0.2 * 2
    outputs = lambda w, a, x: scale * (a * (w @ x.T).relu()).sum(0)  # noqa: E731
    for_w, for_a = torch.autograd.grad((outputs(w, a, x) - y).square().mean() / 2, (w, a))
    # w is the weight matrix over √d, whose rate is the common one over d.
    found = outputs(w - rate / 3 * for_w, a - rate * for_a, torch.from_numpy(_test_inputs(3)))
    rows = computed(**LAW)
    loss = rows[(rows.metric == "test_loss") & (rows.seed == 1)].value.item()
    assert loss == pytest.approx(float((found - y_test).detach().square().mean() / 2), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"), [({"rule": "sp"}, "'sp' is not known"), ({"samples": []}, "at least one")]
)
def test_specs_without_meaning_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve={**LAW, **change})
