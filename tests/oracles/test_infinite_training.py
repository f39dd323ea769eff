"""An experiment at infinite width: the same recipe as its finite nets, which approach it as they grow."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from builders import DOCUMENT, changed, expanded
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.experiments.cells import Cell
from infwidth.solve import solve
from infwidth.training.trainer import Trainer

CPU = torch.device("cpu")
#: Two classes told by one output; a rate at which eight steps are smooth.
CHANGES: dict[str, Any] = {
    "model": {"activation": "tanh"},
    "parametrization": {"layer_lr": "uniform"},
    "optimizer": {"lr": [0.1]},
    "training": {"loss": "binary_mse", "batch_size": 6, "steps": 8},
    "probes": [{"name": "losses"}, {"name": "logits", "points": 4}, {"name": "feature_kernels", "points": 4}],
}


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(14, 1, 4, 4, generator=rng)
    y = torch.arange(14) % 2
    return Images(x[:6], y[:6], x[6:], y[6:], 2, "blobs", "0" * 64)


def experiment(changes: dict[str, Any], **more: Any) -> Cell:
    document = changed({key: value for key, value in DOCUMENT.items() if key != "kind"}, **{**CHANGES, **changes})
    document["model"].pop("width", None)
    (cell,) = expanded(**document | more)
    return cell


def values(rows: pd.DataFrame, metric: str) -> np.ndarray:
    """Return a metric at the end, [seeds, entries]."""
    last = rows[(rows.metric == metric) & (rows.step == rows.step.max())]
    return last.pivot(index="seed", columns=["layer", "index"], values="value").to_numpy()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": {"name": "sgd", "lr": [0.03], "momentum": 0.7}},
        {"model": {"name": "residual_mlp", "n_blocks": 2, "activation": "tanh"}, "parametrization": {"base_depth": 1}},
    ],
    ids=["sgd", "momentum", "continued in depth"],
)
def test_finite_nets_approach_what_their_experiment_is_at_infinite_width(changes: dict, data: Images) -> None:
    """Means of nets, extrapolated in 1/n, are the limit within errors: of outputs, and of kernels of every layer."""
    limit = solve(experiment(changes, seeds=4, infinite_width={"neurons": 4096}).spec.solve, data)
    assert set(limit["of"]) == {"limit"}
    nets = {
        width: Trainer(experiment(changes, seeds=24, sweep={"model.width": [width]}).spec, data, device=CPU).run()
        for width in (64, 256)
    }
    for metric in ("correct_logit", "kernel"):
        exact, narrow, wide = (values(rows, metric) for rows in (limit, nets[64], nets[256]))
        intercept = (4 * wide.mean(0) - narrow.mean(0)) / 3
        errors = [rows.std(0, ddof=1) / len(rows) ** 0.5 for rows in (exact, narrow, wide)]
        spread = np.sqrt(errors[0] ** 2 + (errors[1] / 3) ** 2 + (4 / 3 * errors[2]) ** 2)
        off = (intercept - exact.mean(0)) / spread
        assert np.sqrt((off**2).mean()) < 2, (metric, off)
        assert np.sqrt(((intercept - exact.mean(0)) ** 2).mean()) < 0.1 * np.abs(exact.mean(0)).max()


def test_a_limit_starts_at_zero_on_the_same_steps_and_its_loss_is_of_its_outputs(data: Images) -> None:
    limit = solve(experiment({}, seeds=2, infinite_width={"neurons": 256}).spec.solve, data)
    net = Trainer(experiment({}, seeds=2, sweep={"model.width": [16]}).spec, data, device=CPU).run()
    assert sorted(limit.step.unique()) == sorted(net.step.unique())
    start = limit[limit.step == 0]
    assert start[start.metric == "correct_logit"].value.abs().max() < 1e-5
    assert start[start.metric == "test_loss"].value.tolist() == pytest.approx([1.0, 1.0], abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "more", "says"),
    [
        ({}, {"sweep": {"model.width": [8]}}, "model.width: at infinite width there is none"),
        ({"probes": [{"name": "ensemble"}]}, {}, "at infinite width there is no ensemble; there are losses"),
        ({"optimizer": {"lr": [0.1, 0.2]}}, {}, "at infinite width one learning rate a cell, not 2"),
        ({"training": {"perturbation": 1e-7}}, {}, "a sample of neurons is no net that rounding would move"),
    ],
)
def test_what_has_no_meaning_at_infinite_width_is_refused(changes: dict, more: dict, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        experiment(changes, seeds=2, infinite_width={"neurons": 64}, **more)


@pytest.mark.parametrize("neurons", [{}, {"neurons": 0}, {"neurons": 64, "samples": 3}])
def test_the_block_says_how_many_neurons_and_nothing_else(neurons: dict) -> None:
    with pytest.raises(SpecError, match="here: infinite_width: "):
        experiment({}, seeds=2, infinite_width=neurons)
