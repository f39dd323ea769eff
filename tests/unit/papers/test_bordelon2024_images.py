"""Linearized residual nets on images: against small steps of their weights, exponents of known curves, the figure."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from infwidth.analysis.table import NotTestableError, Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.papers.bordelon2024.figures.realistic import realistic
from infwidth.papers.bordelon2024.measured import late_losses, nets_on_images
from infwidth.plotting.style import style
from infwidth.solve import solve
from infwidth.solve.linearized_images import Spec, initial, rows, standardized


def images(n_train: int = 9, n_test: int = 7) -> Images:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(n_train + n_test, 1, 4, 4, generator=rng)
    y = torch.arange(n_train + n_test) % 5
    return Images(x[:n_train], y[:n_train], x[n_train:], y[n_train:], 5, "noise", "")


def spec(**changes: object) -> Spec:
    block = {"width": 2, "blocks": [1, 1], "positive": [0, 3], "start": 2, "stop": 200, "per_decade": 1, "n_seeds": 2}
    return Spec.model_validate({"name": "linearized_images"} | block | changes)


def jacobian(of: Spec, data: Images) -> np.ndarray:
    """Return the derivatives of outputs at all images by weights w = W √fan-in, by one backward pass an image."""
    net, rates = initial(of, data, 0)
    weights = [(p, rates[name] ** 0.5) for name, p in net.named_parameters() if p.requires_grad]
    found = []
    for x in torch.cat([data.x_train, data.x_test]).double():
        parts = torch.autograd.grad(net(x[None])[0, 0], [p for p, _ in weights])
        found.append(torch.cat([part.flatten() * root for part, (_, root) in zip(parts, weights, strict=True)]))
    return torch.stack(found).numpy()


@pytest.fixture(scope="module")
def computed() -> pd.DataFrame:
    frame = rows(spec(), images()).frame()
    return frame[frame.seed == 0].set_index(["metric", "step", "index"]).value


@pytest.mark.parametrize(("metric", "part"), [("train", slice(None, 9)), ("test", slice(9, None))])
def test_losses_are_those_of_small_steps_of_the_weights(computed: pd.Series, metric: str, part: slice) -> None:
    data, J, lr = images(), jacobian(spec(), images()), 0.01
    y, w = standardized(spec(), data), np.zeros(J.shape[1])
    for step in range(1, 20_001):
        w += lr * J[:9].T @ (y[:9] - J[:9] @ w) / 9
        if (time := step * lr) in (2, 20, 200):
            assert ((J @ w - y)[part] ** 2).mean() == pytest.approx(computed[metric, int(time), -1], rel=5e-3)


@pytest.mark.parametrize(
    ("metric", "part"), [("residual_power_train", slice(None, 9)), ("residual_power", slice(9, None))]
)
def test_residual_power_is_that_of_regression_on_principal_components(
    computed: pd.Series, metric: str, part: slice
) -> None:
    data, J = images(), jacobian(spec(), images())
    y = standardized(spec(), data)
    U, s, V = np.linalg.svd(J[:9], full_matrices=False)
    for rank in (1, 4, 9):
        outputs = J @ V[:rank].T @ (U[:, :rank].T @ y[:9] / s[:rank])
        assert computed[metric, 0, rank] == pytest.approx(((outputs - y)[part] ** 2).mean(), rel=1e-6, abs=1e-12)
        assert computed["eigenvalue", 0, rank] == pytest.approx(s[rank - 1] ** 2 / 9)


def power_laws(b: float, a: float, *, noise: Callable[[int], float] = lambda _: 1.0) -> Table:
    k, t = np.unique(np.geomspace(1, 1000, 60).round()), np.geomspace(1, 1e6, 25).round()
    parts = []
    for width in (4, 8):
        for seed in range(3):
            for metric, at, values in (
                ("eigenvalue", k, k**-b), ("residual_power", k, k ** -(a - 1)),
                ("residual_power_train", k, k ** (-2 * (a - 1))), ("test", t, noise(width) * t ** (-(a - 1) / b)),
            ):  # fmt: skip
                step, index = (at, -1) if metric == "test" else (0, at)
                part = {"step": step, "index": index, "value": values, "metric": metric, "width": width, "seed": seed}
                parts.append(pd.DataFrame(part))
    return Table(pd.concat(parts).assign(of="net", layer="", cell="a", lr=1.0))


def test_exponents_are_found_and_predict_one_another() -> None:
    nets = nets_on_images(power_laws(1.5, 1.3))
    assert len(nets) == 6
    for name, expected in {"spectrum": 1.5, "power": 0.3, "naive": 0.6, "predicted": -0.2, "time": -0.2}.items():
        assert nets[name].to_numpy() == pytest.approx(np.full(6, expected), rel=1e-3)
    assert (nets[["spectrum_bend", "power_bend"]] < 1e-6).all(axis=None)
    assert nets.stop.to_numpy() == pytest.approx(np.full(6, 0.5 * 100**1.5), rel=0.2)


def test_late_losses_are_those_when_the_widest_have_learned_a_tenth() -> None:
    late = late_losses(power_laws(1.5, 1.3, noise=lambda width: 1 / width))
    assert set(late.step) == {562}  # of 316, 562 and 1000 the nearest to 500
    means = late.groupby("width").value.mean()
    assert means[4] / means[8] == pytest.approx(2)


def test_too_few_ranks_are_no_power_law() -> None:
    table = power_laws(1.5, 1.3)
    with pytest.raises(NotTestableError, match="three ranks"):
        nets_on_images(Table(table.frame[table.frame["index"] <= 11]))


def test_negative_numbers_are_no_power_law() -> None:
    table = power_laws(1.5, 1.3)
    with pytest.raises(NotTestableError, match="positive"):
        nets_on_images(Table(table.frame.assign(value=-table.frame.value)))


def test_labels_are_standardized_over_training_images_and_weights_alone_learn() -> None:
    data, (net, rates) = images(), initial(spec(), images(), 0)
    y = standardized(spec(), data)
    assert (y[:9].mean(), y[:9].std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert ((y > 0) == np.isin(np.arange(16) % 5, [0, 3])).all()
    assert {name for name, p in net.named_parameters() if p.requires_grad} == set(rates)
    assert not any(name.endswith("bias") or p.ndim == 1 for name, p in net.named_parameters() if name in rates)


@pytest.mark.parametrize("positive", [[0, 5], [0, 1, 2, 3, 4]])
def test_groups_that_do_not_divide_the_classes_are_refused(positive: list[int]) -> None:
    with pytest.raises(SpecError, match="some of the classes of 'noise', 0 to 4"):
        solve(spec(positive=positive), images())


@pytest.mark.parametrize("few", [False, True])
def test_the_figure_is_drawn_with_and_without_power_laws(few: bool) -> None:
    table = power_laws(1.5, 1.3)
    if few:
        table = Table(table.frame[table.frame["index"] <= 11])
    with style():
        drawn = realistic({"images": table})
        assert all(axes.has_data() for axes in drawn.axes[:3])
        assert drawn.axes[3].has_data() != few
        plt.close(drawn)
