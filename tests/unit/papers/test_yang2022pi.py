"""π-nets on a curve, on images and on few-shot tasks: the limit's place among wide nets, measurements, figures."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from builders import computed
from infwidth.analysis.table import NotTestableError, Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.papers import figure_function
from infwidth.papers.yang2022pi import measured
from infwidth.plotting.style import style

NET = {"n_hidden": 2, "rank": 6, "lr": 0.5, "clip": 0.4, "bias_scale": 0.5, "batch_size": 10}
CURVE = {**NET, "name": "yang2022pi.curve", "width": 64, "n_points": 20, "steps": 8, "n_seeds": 3}
IMAGES = {**NET, "name": "yang2022pi.images", "width": None, "epochs": 3, "evaluations": 2, "n_seeds": 3}
KERNELS = {**NET, "name": "yang2022pi.kernels", "width": 64, "epochs": 2, "points": 10, "n_seeds": 3}
MAML = {
    "name": "pi_maml", "n_hidden": 1, "rank": 6, "width": None, "lr": 1.0, "inner_lr": 1.0, "clip": 0.1, "ways": 2,
    "shots": 1, "tasks_per_batch": 4, "epochs": 2, "batches_per_epoch": 4, "validation_tasks": 8, "test_tasks": 20,
    "test_steps": 3, "n_seeds": 2,
}  # fmt: skip
RANKS = {
    "name": "pi_rank", "activation": "relu", "rank": 8, "n_inputs": 3, "steps": 6, "lr": 0.2, "n_seeds": 3,
    "neurons": 256, "replicas": 3,
}  # fmt: skip
PROJECTION = {
    "name": "pi_projection", "activation": "relu", "width": 16, "parts": 2, "n_inputs": 3, "steps": 6, "lr": 0.2,
    "n_seeds": 3,
}  # fmt: skip


def pictures(per_class: int = 8) -> Images:
    """Return ten classes of noisy prototypes, 4 × 4 pixels."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(10).repeat(per_class)
    prototypes = torch.randn(10, 1, 4, 4, generator=rng)
    x, x_test = (prototypes[labels] + 0.5 * torch.randn(len(labels), 1, 4, 4, generator=rng) for _ in range(2))
    return Images(x, labels, x_test, labels, 10, "prototypes", "")


def table(cells: dict[tuple[Any, ...], pd.DataFrame], *axes: str) -> Table:
    """Return the table of cells at these values of the axes."""
    frames = [frame.assign(**dict(zip(axes, values, strict=True))) for values, frame in cells.items()]
    return Table(pd.concat(frames, ignore_index=True))


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    data, sizes = pictures(), {"train_size": 80, "test_size": 80}
    curves = {(L, n): computed(**{**CURVE, "n_hidden": L, "width": n}) for L in (1, 2) for n in (32, 128)}
    sizes_of_nets = ((4, 16), (4, None), (6, 16), (6, 800), (6, None))
    images = {(r, n): computed(data, **{**IMAGES, "rank": r, "width": n}) for r, n in sizes_of_nets}
    ranks = {
        (phi, r): computed(**{**RANKS, "activation": phi, "rank": r})
        for phi in ("relu", "linear")
        for r in (8, 64, None)
    }
    regression = {"name": "kernel_regression", "architecture": "mlp", "n_hidden": 2, "ridge": 1e-4}
    of_kernels = {(k,): computed(data, **regression, kernel=k) for k in ("nngp", "ntk")}
    few_shot = {(n,): computed(data, **{**MAML, "width": n}) for n in (16, 800, None)}
    plain = computed(data, **{**IMAGES, "width": 16})
    found = {
        "curve": table(curves, "n_hidden", "width"),
        "images": table(images, "rank", "width"),
        "images_mup": table({(16,): plain, (800,): plain.assign(value=plain.value / 2)}, "width"),
        "images_kernels": table(of_kernels, "kernel"),
        "kernels": table({(n,): computed(data, **{**KERNELS, "width": n}) for n in (32, 2048)}, "width"),
        "ranks": table(ranks, "activation", "rank"),
        "projection": table({("relu", 16): computed(**PROJECTION)}, "activation", "width"),
        "maml": table(few_shot, "width"),
    }
    for name in ("images", "images_mup", "images_kernels"):
        found[name] = Table(found[name].frame.assign(**sizes), name)
    for name in ("maml_gp", "maml_ntk"):
        found[name] = Table(found["maml"].frame.query("of == 'limit'"), name)
    return found


# ---- what the computations return


def test_the_limit_on_a_curve_is_one_for_all_widths_and_nets_approach_it(tables: dict[str, Table]) -> None:
    deep = tables["curve"].at(n_hidden=2)
    limits = [deep.at(width=n).limit("limit_loss").value.to_numpy() for n in (32, 128)]
    np.testing.assert_array_equal(*limits)
    distances = deep.nets("distance").groupby("width").value.mean()
    assert distances[128] < 0.8 * distances[32]


def test_wide_nets_train_on_images_as_the_limit_of_their_own_start(tables: dict[str, Table]) -> None:
    final = tables["images"].at(rank=6).at_end()
    limit = final.limit("train_loss").set_index("seed").value
    wide, narrow = (final.at(width=n).nets("train_loss").set_index("seed").value for n in (800, 16))
    assert (wide - limit).abs().max() < 0.25 * (narrow - limit).abs().max()
    assert limit.max() < 0.8 * np.log(10)


def test_the_rate_drops_at_the_end_only() -> None:
    data = pictures()
    plain, dropped = (computed(data, **{**IMAGES, "evaluations": 6, "drop_after": at}) for at in (None, 0.5))
    at = {
        step: [f[(f.step == step) & (f.metric == "train_loss")].value.mean() for f in (plain, dropped)]
        for step in (12, 24)
    }
    assert at[12][0] == at[12][1]
    assert at[24][0] != at[24][1]


def test_feature_kernels_approach_that_of_the_limit_before_and_after_training(tables: dict[str, Table]) -> None:
    means = tables["kernels"].nets("kernel_distance").groupby(["step", "width"]).value.mean().unstack()
    assert (means[2048] < 0.3 * means[32]).all()
    assert measured.moved(tables["kernels"]) > means[2048].max()


def test_wide_nets_learn_to_learn_as_the_limit(tables: dict[str, Table]) -> None:
    few_shot = tables["maml"].at(step=2)
    limit, wide = (
        few_shot.limit("train_loss").value.to_numpy(),
        few_shot.at(width=800).nets("train_loss").value.to_numpy(),
    )
    np.testing.assert_allclose(wide, limit, rtol=0.1)
    assert set(tables["maml"].limit("untrained_accuracy").step) == {0}


def test_of_linear_nets_the_rank_decides_and_of_full_rank_nothing_is_left(tables: dict[str, Table]) -> None:
    assert measured.exact_rank(tables["ranks"]) < 1e-12
    linear = measured.of_random_vectors(tables["ranks"], "linear").groupby("rank").value.mean()
    assert linear[64] < 0.7 * linear[8]
    assert measured.at_full_rank(tables["projection"]).value.max() < 1e-9
    assert measured.shares(tables["projection"]).value.max() > 0.05


# ---- measurements


def test_extrapolation_finds_the_limit_of_losses_that_are_off_by_one_over_n() -> None:
    rows = [("net", n, seed, 1, "loss", 3 + 40 / n + 1e-3 * (seed - 1)) for n in (10, 20, 40) for seed in range(3)]
    rows += [("limit", n, -1, step, "limit_loss", 6.0 - 3 * step) for n in (10, 20, 40) for step in (0, 1)]
    frame = pd.DataFrame(rows, columns=["of", "width", "seed", "step", "metric", "value"]).assign(n_hidden=2)
    assert measured.extrapolated_gap(Table(frame), 2).value == pytest.approx(0)


def test_half_of_the_rank_is_that_of_the_widest_nets() -> None:
    rows = [(n, seed, r, 1 - r / n) for n in (8, 16) for seed in (0, 1) for r in (0, n // 2, n)]
    frame = pd.DataFrame(rows, columns=["width", "seed", "index", "value"])
    frame = frame.assign(of="net", metric="distance", activation="relu", step=1)
    frame.loc[frame.width == 8, "value"] = 7.0
    np.testing.assert_allclose(measured.half_of_the_rank(Table(frame)), 0.5)


def test_few_images_do_not_decide_between_kernels_and_nets(tables: dict[str, Table]) -> None:
    with pytest.raises(NotTestableError, match="80 small images"):
        measured.limit_less(tables, measured.NTK)
    many = {
        name: Table(tables[name].frame.assign(train_size=20000)) for name in ("images", "images_mup", "images_kernels")
    }
    gap = measured.limit_less(many, measured.NTK)
    assert gap.low < gap.value < gap.high


def test_mu_nets_have_the_rate_of_their_lowest_loss() -> None:
    rows = [
        (16, lr, 0, metric, value)
        for lr, values in ((0.1, (2.0, 0.9)), (0.3, (1.0, 0.5)))
        for metric, value in zip(("train_loss", "test_accuracy"), values, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["width", "lr", "seed", "metric", "value"]).assign(of="net", step=3, layer="")
    assert measured.tuned(Table(frame)).value.tolist() == [0.5]


# ---- refused, and drawn


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({**RANKS, "rank": 3}, "rank 3 must be above n_inputs 3"),
        ({**PROJECTION, "width": 5}, "has no room"),
        ({**CURVE, "rank": 0}, "rank"),
        ({**MAML, "ways": 1}, "at least two"),
    ],
)
def test_specs_without_meaning_are_refused(block: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        computed(**block)


@pytest.mark.parametrize("name", ["loss_convergence", "kernel_distance", "width_r", "cifar_table", "maml", "mup_limit"])
def test_figures_are_drawn(name: str, tables: dict[str, Table]) -> None:
    with style():
        figure = figure_function("yang2022pi", name)(tables)
        figure.canvas.draw()
        assert all(axes.has_data() for axes in figure.axes)
        plt.close(figure)
