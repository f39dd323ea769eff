"""Nets trained as one stack: the numbers of the loop, for every model, optimizer and probe, to rounding."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from builders import changed, train
from infwidth.data.images import Images
from infwidth.data.tokens import Windows
from infwidth.errors import SpecError
from infwidth.results.cell_file import read_provenance
from infwidth.training import execution
from infwidth.training.trainer import Trainer
from infwidth.workflow.cell import compute_cell

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    centres = torch.randn(3, 1, 8, 8, generator=rng, dtype=torch.float64)
    y = torch.arange(60) % 3
    x = centres[y] + 0.5 * torch.randn(60, 1, 8, 8, generator=rng, dtype=torch.float64)
    return Images(x[:45], y[:45], x[45:], y[45:], 3, "blobs", "0" * 64)


@pytest.fixture(scope="module")
def text() -> Windows:
    ids = torch.randint(7, (6 * 40 + 1,), generator=torch.Generator().manual_seed(3), dtype=torch.int32)
    x, y = ids[:-1].view(-1, 6), ids[1:].view(-1, 6)
    return Windows(x[:32], y[:32], x[32:], y[32:], 7, "words", "0" * 64)


RESNET = {"name": "resnet", "width": 8, "blocks": [1, 1], "stem_stride": 1, "branch_multiplier": 1.0}
ATTENTION = {"n_heads": 2, "n_blocks": 2, "mlp_ratio": 1, "attention_multiplier": 1.4, "branch_multiplier": 1.0}
MODELS = {
    "mlp": {"name": "mlp", "width": 8, "n_hidden": 2, "activation": "unit_relu", "bias": True},
    "residual_mlp": {
        "name": "residual_mlp",
        "width": 8,
        "n_blocks": 2,
        "activation": "unit_relu",
        "branch_multiplier": 1.0,
        "branch_power": "1/2",
    },
    "cnn": {"name": "cnn", "width": 8, "n_convolutions": 2},
    "myrtle_cnn": {"name": "myrtle_cnn", "width": 8},
    "conv_mixer": {"name": "conv_mixer", "width": 8},
    "resnet": {**RESNET, "norm": "none", "branch_power": "1/2"},
    "resnet_layer_norm": {**RESNET, "norm": "layer", "branch_power": "1/2"},
    "resnet_batch_norm": {**RESNET, "norm": "batch", "branch_power": "0"},
    "vit": {**ATTENTION, "name": "vit", "width": 8, "branch_power": "1/2", "patch_size": 4},
    "transformer": {**ATTENTION, "name": "transformer", "width": 8, "branch_power": "1/2"},
}
OF_OUTPUTS = [{"name": "losses"}, {"name": "ensemble"}, {"name": "logits", "points": 3}, {"name": "output_scale"}]
OF_LAYERS = [
    {"name": "norms"},
    {"name": "representations"},
    {"name": "gradients"},
    {"name": "feature_kernels", "points": 4},
]
OF_IMAGES = [{"name": "alignment"}, {"name": "ntk_spectrum", "points": 4, "at": "last"}]


def make_spec(model: str, **changes: object) -> dict:
    document = changed(
        optimizer={"lr": [0.05, 0.1]},
        training={"steps": 8, "dtype": "float64", "evaluations": 4},
        probes=OF_OUTPUTS + OF_LAYERS + OF_IMAGES,
        seeds=[0, 1],
    )
    return changed({**document, "model": MODELS[model]}, **changes)


def run(spec: dict, data: Images | Windows, how: execution.Execution, **options: object) -> pd.DataFrame:
    return Trainer(train(spec), data, device=CPU, execution=how, **options).run()  # type: ignore[arg-type]


def assert_both_agree(spec: dict, data: Images | Windows, rel: float = 1e-10) -> pd.DataFrame:
    """Train by both, compare all rows; return them."""
    loop, stacked = (run(spec, data, how) for how in ("loop", "stacked"))
    pd.testing.assert_frame_equal(loop.drop(columns="value"), stacked.drop(columns="value"))
    for metric, rows in loop.groupby("metric"):
        scale = rows.value[np.isfinite(rows.value)].abs().max()
        np.testing.assert_allclose(
            stacked.value[rows.index], rows.value, rtol=rel, atol=rel * scale, err_msg=str(metric)
        )
    return loop


OPTIMIZERS = {
    "sgd": {"name": "sgd"},
    "momentum": {"name": "sgd", "momentum": 0.9, "weight_decay": 0.01, "lr": [0.01, 0.02]},
    "adam": {"name": "adam", "lr": [0.001, 0.01]},
    "adamw": {"name": "adamw", "lr": [0.001, 0.01], "weight_decay": 0.1},
}


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [("mlp", optimizer) for optimizer in OPTIMIZERS]
    + [(model, "momentum") for model in MODELS if model not in ("mlp", "transformer")]
    + [("resnet_batch_norm", "adamw")],
)
def test_nets_for_images_train_as_in_the_loop(data: Images, model: str, optimizer: str) -> None:
    rows = assert_both_agree(make_spec(model, optimizer=OPTIMIZERS[optimizer]), data)
    assert "diverged" not in set(rows.metric)
    change = rows[(rows.metric == "parameter_change") & (rows.step == 8)].value
    assert change.max() > 1e-3


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_transformers_train_as_in_the_loop(text: Windows, optimizer: str) -> None:
    spec = make_spec(
        "transformer",
        data={"name": "words", "context": 6, "vocabulary_size": None, "test_windows": None},
        optimizer=OPTIMIZERS[optimizer],
        training={"stream": "single_pass", "batch_size": 4},
        parametrization={"layer_lr": "uniform", "zero_queries": True, "base_depth": 2},
        probes=[*OF_OUTPUTS, *OF_LAYERS, {"name": "attention_maps", "points": 3, "places": 4}],
    )
    assert_both_agree(spec, text)


@pytest.mark.parametrize("training", [{}, {"augmentation": "affine"}, {"stream": "single_pass", "steps": 3}])
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_centred_nets_train_as_in_the_loop(data: Images, model: str, training: dict) -> None:
    rows = assert_both_agree(make_spec(model, training={"centred": True, **training}), data)
    at_start = rows[(rows.metric == "test_loss") & (rows.step == 0)].value
    assert at_start.to_numpy() == pytest.approx(np.log(3))


def test_sharpness_and_gauges_are_those_of_the_loop(data: Images) -> None:
    spec = make_spec(
        "mlp",
        parametrization={"gauge": "mup_gauge"},
        probes=[{"name": "losses"}, {"name": "sharpness", "iterations": 3, "points": 20}],
    )
    assert_both_agree(spec, data, rel=1e-8)  # the eigenvalue's own iterations are not converged


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet_batch_norm"])
def test_single_precision_agrees_to_rounding(data: Images, model: str) -> None:
    assert_both_agree(make_spec(model, training={"dtype": "float32"}), data, rel=2e-4)


def test_one_net_s_divergence_disturbs_no_other(data: Images) -> None:
    spec = make_spec(
        "mlp", optimizer={"lr": [0.1, 1e4, 0.05, 1e6], "momentum": 0.5}, training={"steps": 40, "evaluations": 9}
    )
    spec["training"] |= {"loss": "mse", "centred": True}
    rows = assert_both_agree(spec, data)
    assert set(rows[rows.metric == "diverged"].lr) == {1e4, 1e6}
    calm = make_spec("mlp", optimizer={"lr": [0.1, 0.05], "momentum": 0.5}, training=spec["training"])
    alone = run(calm, data, "stacked")
    both = run(spec, data, "stacked")
    both = both[both.lr < 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, both, rtol=1e-10)


@pytest.mark.parametrize(
    ("model", "optimizer", "stop"),
    [("mlp", "momentum", 4), ("mlp", "momentum", 13), ("mlp", "adam", 13), ("resnet_batch_norm", "momentum", 4)],
)
def test_killed_it_resumes_to_the_same_bits(
    data: Images, model: str, optimizer: str, stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    centred = model == "mlp"  # batch norm is refused where the function is centred
    spec = make_spec(model, optimizer=OPTIMIZERS[optimizer], training={"centred": centred, "steps": 9})
    spec["optimizer"]["lr"] = [0.01, 1e9 if optimizer == "momentum" else 0.02]
    monkeypatch.setattr(execution, "LARGEST_STACK", 3)  # so that there are two
    whole = run(spec, data, "stacked")
    trainer = Trainer(
        train(spec), data, device=CPU, execution="stacked", checkpoint_file=tmp_path / "c", checkpoint_seconds=-1.0
    )
    batch, updates = trainer.problem.batch, 0

    def dying(step: int) -> object:
        nonlocal updates
        updates += step > 0
        if updates > stop:
            raise KeyboardInterrupt
        return batch(step)

    trainer.problem.batch = dying  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    pd.testing.assert_frame_equal(run(spec, data, "stacked", checkpoint_file=tmp_path / "c"), whole, check_exact=True)


def test_stacks_are_no_larger_than_allowed(data: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec("mlp", seeds=[0, 1, 2])
    trainer = Trainer(train(spec), data, device=CPU)

    def sizes() -> list[int]:
        return [len(loop.nets) for loop in execution.loops(trainer.problem, trainer.nets, "stacked")]

    assert sizes() == [6]
    monkeypatch.setattr(execution, "LARGEST_STACK", 4)
    assert sizes() == [4, 2]
    parameters = 64 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3
    monkeypatch.setattr(execution, "STACKED_BYTES", 2 * 8 * parameters + 1)
    assert sizes() == [2, 2, 2]


def test_a_cpu_loops_and_a_gpu_stacks_where_nothing_is_asked_for(data: Images) -> None:
    assert Trainer(train(make_spec("mlp")), data, device=CPU).execution == "loop"
    assert execution.execution_of("auto", torch.device("cuda"), 8) == "stacked"
    assert execution.execution_of("auto", torch.device("cuda"), 1) == "loop"
    assert execution.execution_of("loop", torch.device("cuda"), 8) == "loop"
    with pytest.raises(SpecError, match="device"):
        execution.execution_of("stacked_graphed", CPU, 8)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("how", ["stacked", "stacked_graphed"])
def test_on_a_gpu_stacks_train_as_the_loop(data: Images, how: execution.Execution) -> None:
    for model in ("mlp", "cnn", "resnet_batch_norm", "vit"):
        spec = make_spec(model, training={"steps": 30, "centred": True}, probes=OF_OUTPUTS)
        loop, stacked = (
            Trainer(train(spec), data, device=torch.device("cuda"), execution=way).run() for way in ("loop", how)
        )
        np.testing.assert_allclose(stacked.value, loop.value, rtol=1e-8, atol=1e-10)


def test_the_provenance_says_how_a_cell_was_trained(mnist5k: Path, tmp_path: Path) -> None:
    spec = make_spec(
        "mlp", data={"name": "mnist5k", "image_size": 7, "train_size": 40, "test_size": 20, "normalization": "unit"}
    )
    spec["probes"] = [{"name": "losses"}]
    for how in ("auto", "loop", "stacked"):
        output = tmp_path / f"{how}.parquet"
        compute_cell(train(spec), prepared=mnist5k.parent, output=output, device="cpu", threads=1, execution=how)
        assert read_provenance(output)[1]["execution"] == ("loop" if how == "auto" else how)
