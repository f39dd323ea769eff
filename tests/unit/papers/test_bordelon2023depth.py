"""Kernels of finite residual nets against autograd, coupled depths, errors against limits, and the figures."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.table import NotTestableError, Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import figure_function
from infwidth.papers.bordelon2023depth import measured
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.seeding import numpy_stream
from infwidth.solve import solve


def images(n: int, n_classes: int) -> Images:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(n, 1, 4, 4, generator=generator)
    y = torch.arange(n) % n_classes
    return Images(x, y, x[:2], y[:2], n_classes, "toy", "")


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale, with images of noise."""
    data = {4: images(4, 2), 160: images(160, 10), None: None}
    return {
        experiment: Table(
            gather(
                {c.id: solve(c.spec.solve, data[c.spec.data and c.spec.data.train_size]) for c in cells},
                {c.id: c.axes for c in cells},
            ),
            experiment,
        )
        for experiment, cells in load_paper("bordelon2023depth", "smoke").cells.items()
    }


@pytest.mark.parametrize("figure", ["kernel_limit", "convergence", "lr_width_depth", "norm_layers", "vit_adam"])
def test_figures_are_drawn(figure: str, tables: dict[str, Table]) -> None:
    with style():
        plt.close(figure_function("bordelon2023depth", figure)(tables))


INITIAL = {
    "name": "bordelon2023depth.initial_nets",
    "n_angles": 3,
    "branch_multiplier": 0.9,
    "activation": "tanh",
    "branch_power": "1/2",
    "n_seeds": 2,
    "n_blocks": 3,
    "width": 20,
}


def test_tangent_kernels_of_nets_are_those_of_autograd() -> None:
    rows = computed(**INITIAL)
    rng = numpy_stream("init", "bordelon2023depth", 20, 1)
    draws = [rng.standard_normal((20, 2)), *(rng.standard_normal((20, 20), dtype=np.float32) for _ in range(3))]
    draws.append(rng.standard_normal((20, 1)).T)
    parameters = [torch.tensor(draw, dtype=torch.float64, requires_grad=True) for draw in draws]
    θ = np.linspace(0, np.pi, 3)
    gradients = []
    for x in torch.tensor(np.sqrt(2) * np.stack([np.cos(θ), np.sin(θ)], 1)):
        h = parameters[0] @ x / np.sqrt(2)
        for w in parameters[1:-1]:
            h = h + 0.9 / np.sqrt(3) * w @ torch.tanh(h) / np.sqrt(20)
        f = parameters[-1] @ torch.tanh(h) / np.sqrt(20)
        gradients.append(torch.cat([g.ravel() for g in torch.autograd.grad(f[0], parameters)]))
    jacobian = torch.stack(gradients)
    found = rows[(rows.metric == "tangent") & (rows.seed == 1)].sort_values("index").value
    np.testing.assert_allclose(found, (jacobian @ jacobian.T)[0], rtol=1e-6)


def test_wide_nets_have_the_kernels_of_the_limit_and_the_control_does_not_stay() -> None:
    wide = computed(**INITIAL | {"width": 1500})
    for metric in ("features_error", "tangent_error"):
        assert wide[wide.metric == metric].value.max() < 0.12
    deep = {
        power: computed(**INITIAL | {"activation": "unit_relu", "branch_power": power, "n_blocks": 6, "width": 300})
        for power in ("0", "1/2")
    }
    sizes = {power: rows[(rows.metric == "features") & (rows["index"] == 0)] for power, rows in deep.items()}
    growth = {power: of[of.step == 6].value.mean() / of[of.step == 0].value.mean() for power, of in sizes.items()}
    assert growth["0"] == pytest.approx(1.81**6, rel=0.4)
    assert growth["1/2"] == pytest.approx((1 + 0.81 / 6) ** 6, rel=0.2)


RELU = {
    "name": "residual_nets",
    "activation": "unit_relu",
    "loss": "cross_entropy",
    "lr": 0.1,
    "steps": 3,
    "batch_size": 5,
    "n_seeds": 2,
    "width": 64,
    "finest_n_blocks": 16,
}


def test_nets_of_one_seed_are_on_one_path() -> None:
    """Coupled depths are closer to one another than independent ones, and closer the deeper they are."""
    outputs = {}
    for depth in (2, 8, 16):
        rows = computed(images(10, 3), **RELU, n_blocks=depth)
        of = rows[rows.metric == "output"]
        outputs[depth] = of.pivot_table(index="seed", columns=["step", "index"], values="value").to_numpy()
    apart = {depth: np.abs(outputs[depth] - outputs[16]).mean() for depth in (2, 8)}
    of_seeds = np.abs(outputs[16][0] - outputs[16][1]).mean()
    assert apart[8] < 0.6 * apart[2]
    assert apart[8] < 0.3 * of_seeds


def test_the_finest_depth_is_a_multiple() -> None:
    with pytest.raises(SpecError, match="must be a multiple of n_blocks 3"):
        computed(images(10, 3), **RELU, n_blocks=3)


def test_rates_of_errors_made_by_hand() -> None:
    rows = []
    rng = np.random.default_rng(0)
    for width in (32, 64, 128):
        for depth in (2, 4, 8):
            for seed in range(40):
                rows += [
                    (width, depth, seed, index, 1.0 + index + 1 / depth + 1e-4 * rng.standard_normal())
                    for index in range(6)
                ]
    columns = ["width", "n_blocks", "seed", "index", "value"]
    nets = Table(pd.DataFrame(rows, columns=columns).assign(of="net", step=1, metric="output", layer="", lr=0.1))
    rate = measured.depth_rate(nets)
    assert rate.low < rate.value < rate.high
    assert rate.value == pytest.approx(-1, abs=0.01)
    series = pd.Series({2: 1.0, 4: 0.5, 8: 0.125})
    assert measured.rate_by_doublings(series).low == pytest.approx(-2)
    assert measured.rate_by_doublings(series).high == pytest.approx(-1)
    with pytest.raises(NotTestableError, match="two depths"):
        measured.rate_by_doublings(series[:1])
    with pytest.raises(NotTestableError, match="three depths"):
        measured.depth_rate(nets.at(n_blocks=(2, 4)))


def test_infinite_depth_is_extrapolated_from_the_two_deepest() -> None:
    rows = [(depth, index, 3.0 + index + 2.0 / depth) for depth in (2, 4, 8) for index in range(2)]
    frame = pd.DataFrame(rows, columns=["n_blocks", "index", "value"])
    table = Table(frame.assign(of="limit", seed=-1, step=1, metric="output", layer="", lr=0.1))
    limit = measured.limit_outputs(table)
    np.testing.assert_allclose(limit.loc[np.inf], [3.0, 4.0])
    assert measured.halving_errors(table).to_dict() == pytest.approx({2: 0.5, 4: 0.25})
    with pytest.raises(NotTestableError, match="no L = 2"):
        measured.limit_outputs(table.at(n_blocks=4))


def test_experiments_expand_at_every_scale() -> None:
    for scale in ("smoke", "laptop", "workstation", "paper"):
        assert load_paper("bordelon2023depth", scale).cells
    with pytest.raises(SpecError, match="branch_power"):
        expanded(kind="solve", solve=INITIAL | {"branch_power": "1"})


def test_the_scatter_of_few_nets_is_no_difference_of_depths() -> None:
    """Nets that differ by 0.1 on average and by 1 among themselves: four of them alone would show 0.5."""
    chance = np.random.default_rng(0)
    differences = {8: 0.1 + chance.standard_normal((4, 20_000)), 16: chance.standard_normal((4, 20_000))}
    found = measured.depth_differences(differences)
    assert found[8] == pytest.approx(0.1, abs=0.03)
    assert found[16] < 0.08
