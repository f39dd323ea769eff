"""Mean field theory of wide nets: figures and claims of smoke tables, what they measure, and the counting of costs."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from builders import computed
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import figure_function
from infwidth.papers.bordelon2022 import measured
from infwidth.papers.bordelon2022.claims import CLAIMS
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve
from infwidth.specs.cells import Train
from infwidth.training.trainer import Trainer

FIGURES = ("fig1", "fig2", "fig3", "fig4", "table1")


def images(n: int, side: int, classes: int = 2) -> Images:
    x = torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(1))
    y = torch.arange(n) % classes
    return Images(x, y, x, y, classes, "blobs", "0" * 64)


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale, of noise in the place of images."""
    found = {}
    for experiment, cells in load_paper("bordelon2022", "smoke").cells.items():
        frames = {}
        for cell in cells:
            data = None
            if cell.spec.data is not None:
                data = images(cell.spec.data.train_size, min(cell.spec.data.image_size, 6))
            if isinstance(cell.spec, Train):
                frames[cell.id] = Trainer(cell.spec, data, device=torch.device("cpu")).run()
            else:
                frames[cell.id] = solve(cell.spec.solve, data)
        found[experiment] = Table(gather(frames, {cell.id: cell.axes for cell in cells}), experiment)
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_drawn_of_smoke_tables(name: str, tables: dict[str, Table]) -> None:
    with style():
        plt.close(figure_function("bordelon2022", name)(tables))


def test_every_claim_is_judged_of_smoke_tables(tables: dict[str, Table]) -> None:
    judged = ledger("bordelon2022", CLAIMS, tables).set_index("claim")
    untestable = set(judged.index[judged.verdict == "not testable at this scale"])
    assert untestable == {"richer_trains_faster", "cnn_richer_aligns", "cnn_richer_trains_faster"}  # one γ0 is run
    assert judged.measured.drop(list(untestable)).notna().all()
    assert (judged.verdict[["order_of_perturbation", "order_of_static"]] == "reproduced").all()


def test_only_two_classes_have_targets() -> None:
    setting = {"n_hidden": 1, "gamma0": 1.0, "lr": 0.1, "steps": 2, "times": 2}
    with pytest.raises(SpecError, match="computation 'linear_theories' needs data of 2 classes"):
        computed(images(3, 4, classes=3), name="linear_theories", theory="dmft", **setting)


# ---- nets


def test_a_net_of_one_hidden_layer_has_the_fields_of_its_definition() -> None:
    """h = W x/√D, f = w·φ(h)/(γ0 N) and g = γ0 N ∂f/∂h, trained at η γ0² N by autograd on weights of unit variance."""
    data, N, γ0, lr = images(4, 3), 32, 1.5, 0.3
    rows = computed(
        data, name="field_dynamics", activation="tanh", n_hidden=2, width=N, gamma0=γ0, lr=lr, steps=3, times=2,
        n_seeds=1, bins=4, range=3.0,
    )  # fmt: skip
    from infwidth.seeding import numpy_stream

    rng = numpy_stream("init", "field_dynamics", N, 0)
    sizes = [(N, 9), (N, N), (1, N)]
    w = [torch.from_numpy(rng.standard_normal(size)).requires_grad_() for size in sizes]
    x, y = data.x_train.flatten(1).double(), 2.0 * data.y_train - 1
    start, losses = None, []
    for _ in range(4):
        h1 = x @ w[0].T / 3
        h2 = h1.tanh() @ w[1].T / N**0.5
        f = (h2.tanh() @ w[2].T / (γ0 * N))[:, 0]
        start = f.detach() if start is None else start
        loss = (f - start - y).square().mean()
        losses.append(loss.item())
        (g,) = torch.autograd.grad(f.sum(), h2, retain_graph=True)
        for weight, gradient in zip(w, torch.autograd.grad(loss, w), strict=True):
            weight.data -= lr * γ0**2 * N * gradient
    values = rows.set_index(["metric", "layer"]).value
    assert rows.value[rows.metric == "train_loss"].tolist() == pytest.approx(losses)
    φ, g = h2.detach().tanh().numpy(), γ0 * N * g.numpy()
    assert values["kernel", "h2"].to_numpy() == pytest.approx((φ @ φ.T / N).ravel())
    assert values["gradient_kernel", "h2"].to_numpy() == pytest.approx((g @ g.T / N).ravel())
    assert values["kernel_in_time", "h2"].to_numpy()[-1] == pytest.approx((φ**2).sum() / N / 4)


# ---- what is measured


def _kernel(values: list[float], **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"metric": "kernel", "index": range(len(values)), "value": values})
    return frame.assign(**{"step": 4, "seed": 0, "of": "net", "layer": "h1", "width": 8, **columns})


def test_distances_and_cosines_are_of_a_net_and_the_mean_of_the_limit_s_samples() -> None:
    nets = Table(_kernel([2.0, 0.0, 0.0, 2.0]))
    limit = Table(
        pd.concat([_kernel([c, 0.0, 0.0, 2 - c], of="limit", seed=seed) for seed, c in enumerate((0.5, 1.5))])
    )
    assert measured.relative_distances(nets, limit, "kernel", "h1").value.tolist() == [1.0]
    assert measured.cosines(nets, limit, metrics=("kernel",)).value.tolist() == pytest.approx([1.0])


def test_a_kernel_of_its_classes_is_aligned_and_one_without_them_is_not() -> None:
    y = np.resize([1.0, -1.0], 4)
    for kernel, expected in ((np.outer(y, y), 1.0), (np.ones((4, 4)), 0.0), (np.eye(4), 0.5)):
        found = measured.class_alignments(_kernel(kernel.ravel().tolist()))
        assert found.value.tolist() == pytest.approx([expected])


def test_the_distance_of_two_densities_is_the_mass_that_has_to_move() -> None:
    densities = [pd.DataFrame({"index": range(3), "value": values}) for values in ([1.0, 1.0, 0.0], [0.0, 1.0, 1.0])]
    centres = pd.DataFrame({"index": range(3), "value": [-0.5, 0.0, 0.5]})
    assert measured.density_distance(*densities, centres) == pytest.approx(0.5)


# ---- costs


def test_operations_are_those_of_the_matrix_products_of_a_training() -> None:
    N, P, T, D = 32, 4, 3, 16
    rows = computed(
        None, name="solver_costs", solver="net", size=[N], examples=[P], steps=[T], n_inputs=D, n_hidden=2, gamma0=1.0,
        lr=0.1,
    )  # fmt: skip
    weights = D * N + N**2 + N
    to_inputs = N**2 + N  # gradients with respect to the images are not taken
    cost = rows.set_index(["metric", "layer"]).value
    assert cost["operations", "size"] == 2 * P * T * (2 * weights + to_inputs)
    assert 8 * weights <= cost["peak", "size"] < 40 * weights


def test_memory_is_what_lives_at_one_time() -> None:
    from infwidth.solve.solver_costs import measured as cost_of

    def two_after_each_other() -> None:
        for _ in range(2):
            torch.zeros(1000, dtype=torch.float64)

    def two_at_once() -> None:
        kept = [torch.zeros(1000, dtype=torch.float64) for _ in range(2)]
        kept.append(kept[0].view(10, 100))  # of the same memory

    assert cost_of(two_after_each_other).peak == 8000
    assert cost_of(two_at_once).peak == 16000
