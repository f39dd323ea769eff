"""Experiments as data: every value has meaning or is refused, naming file and key."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from builders import changed, expanded, train
from infwidth.__main__ import main
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper, paper_names
from infwidth.experiments.scales import SCALES
from infwidth.specs.block import read
from infwidth.specs.config import Config
from infwidth.specs.identity import cell_id


@pytest.fixture
def experiment() -> dict:
    return {
        **changed(
            data={"image_size": 14, "train_size": 100, "test_size": 50},
            training={"steps": 5, "batch_size": 10, "loss": "mse", "dtype": "float64", "evaluations": 3},
            optimizer={"lr": [0.1]},
            seeds=2,
        ),
        "model": {"name": "mlp", "n_hidden": 2},
        "parametrization": {"base_width": 8, "layer_lr": "variance"},
        "sweep": {"model.width": [8, 16], "parametrization.rule": ["mup", "ntk"]},
    }


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("paper", paper_names())
def test_every_paper_is_valid_at_every_scale(paper: str, scale: str) -> None:
    loaded = load_paper(paper, scale)
    assert loaded.figures
    assert all(loaded.cells.values())


def test_sweep_is_the_product_of_its_axes(experiment: dict) -> None:
    axes = [tuple(cell.axes.values()) for cell in expanded(**experiment)]
    assert axes == [(8, "mup"), (8, "ntk"), (16, "mup"), (16, "ntk")]


def test_identity_is_what_is_computed_not_how_it_is_written(experiment: dict) -> None:
    reordered = {key: experiment[key] for key in reversed(experiment)}
    reordered["model"] = {**experiment["model"], "source": "another note"}
    assert [c.id for c in expanded(**reordered)] == [c.id for c in expanded(**experiment)]


def test_identity_changes_with_any_value(experiment: dict) -> None:
    base = expanded(**experiment)[0].document
    seen = {cell_id(train(base))}
    for block, change in [
        ("training", {"steps": 6}),
        ("optimizer", {"lr": [0.2]}),
        ("optimizer", {"lr": [1]}),
        ("optimizer", {"lr": [1.0]}),
        ("data", {"train_size": 99}),
        ("model", {"n_hidden": 3}),
        ("parametrization", {"gamma0": 2.0}),
        ("seeds", [0, 1, 2]),
    ]:
        seen.add(cell_id(train(base, **{block: change})))
    assert len(seen) == 9


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("training", "batchsize"), 3, r"training: unknown key 'batchsize' \(did you mean 'batch_size'\?\)"),
        (("optimizer", "name"), "sdg", r"optimizer.name: 'sdg' is not known \(did you mean 'sgd'\?\)"),
        (("optimizer", "lr"), [], r"optimizer.lr: \[\]: must be a list of at least one value"),
        (("optimizer", "lr"), [-0.1], "optimizer.lr.0"),
        (("training", "steps"), 0, "training.steps"),
        (("seeds",), [], "must be the number of seeds"),
        (("parametrization", "gamma0"), -1.0, "must be a positive number"),
        (("parametrization", "richness"), 0.25, 'must be an exact rational in quotes, such as "1/4"'),
        (("parametrization", "base_width"), 32, "model.width 8 is below parametrization.base_width 32"),
        (("model", "depth"), 3, "unknown key 'depth'"),
        (("probes",), [{"name": "loses"}], r"'loses' is not known \(did you mean 'losses'\?\)"),
        (("sweep", "modle.width"), [8], r"sweep.modle.width: no such block \(did you mean 'model'\?\)"),
        (("sweep", "model.n_hidden"), [1], "also given in block 'model'"),
        (("sweep", "model.width"), [8, 16, 8], r"sweep.model.width: \[8, 16, 8\]: 8 is there twice"),
        (("sweep", "model.width"), [10**9], "model.width: 1000000000: .* takes 3.64e\\+06 TiB, which no machine holds"),
        (("sweep", "model.width"), [8.0], "model.width: 8.0: must be a whole number"),
        (("probes",), [{"name": "norms"}, {"name": "norms", "at": "last"}], "probe 'norms' is there twice"),
        (("training", "steps"), 60.0, "training.steps: 60.0: must be a whole number from 1"),
        (("training", "batch_size"), 10**9, "training.batch_size: 1000000000: must be a whole number from 1 to"),
        (("training", "batch_size"), 101, "training.batch_size 101 is more than data.train_size 100"),
        (
            ("training",),
            {"stream": "single_pass", "steps": 11, "batch_size": 10, "loss": "mse", "evaluations": 3},
            "training.steps 11 is too many for a single pass: data.train_size 100 in batches of 10 lasts 10 steps",
        ),
        (("model", "n_hidden"), 10**9, "model.n_hidden: 1000000000: must be a number of layers"),
        (("optimizer", "lr"), [0.1, 0.1], r"optimizer.lr: \[0.1, 0.1\]: 0.1 is there twice"),
        (("model", "name"), "transformer", "model"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(experiment: dict, path: tuple, value: object, message: str) -> None:
    block = experiment
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    with pytest.raises(SpecError, match=message) as error:
        expanded(**experiment)
    assert str(error.value).startswith("here")


@pytest.mark.parametrize(
    ("norm", "centred", "refused"), [("batch", True, True), ("batch", False, False), ("layer", True, False)]
)
def test_f0_of_one_example_is_not_subtracted_where_there_is_none(
    experiment: dict, norm: str, centred: bool, refused: bool
) -> None:
    experiment["model"] = {"name": "resnet", "blocks": [1, 1], "norm": norm, "stem_stride": 1}
    experiment["training"]["centred"] = centred
    with pytest.raises(SpecError, match=r"training\.centred: .*batch norm") if refused else nullcontext():
        expanded(**experiment)


@pytest.mark.parametrize(("rule", "richness"), [("stp", "-1/4"), ("stp", "3/4"), ("mupp", None)])
def test_a_parametrization_without_meaning_is_refused(experiment: dict, rule: str, richness: str | None) -> None:
    experiment["sweep"] = {"model.width": [8], "parametrization.rule": [rule]}
    if richness is not None:
        experiment["parametrization"]["richness"] = richness
    with pytest.raises(SpecError, match="here: parametrization"):
        expanded(**experiment)


def test_unknown_paper_names_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'harvard2024'"):
        load_paper("havard2024", "laptop")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": "laptp"}, r"scale: 'laptp' is not known \(did you mean 'laptop'\?\)"),
        ({"sclae": "laptop"}, r"unknown key 'sclae' \(did you mean 'scale'\?\)"),
        ({"data_dir": 3}, "data_dir: 3"),
    ],
)
def test_config_is_strict(config: dict, message: str) -> None:
    file = Path(__file__).parents[3] / "config" / "config.yaml"
    good = yaml.safe_load(file.read_text(encoding="utf-8"))
    read(Config, good, where="config")
    with pytest.raises(SpecError, match=message):
        read(Config, {**good, **config}, where="config")


@pytest.mark.parametrize("text", [None, "{", "[1]", '{"seeds": 2}'])
def test_a_file_that_is_no_spec_is_said_in_one_line(text: str | None, tmp_path: Path, capsys) -> None:
    file = tmp_path / "spec.json"
    if text is not None:
        file.write_text(text)
    assert main(["cell", str(file), "--to", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {file}: not the spec of a cell")
    assert "infwidth cells" in said


def _smoke_training(to: Path, **changes: object) -> Path:
    (cell, *_) = load_paper("harvard2024", "smoke").cells["width_sweep"]
    to.write_text(json.dumps({key: value for key, value in {**cell.document, **changes}.items() if value is not None}))
    return to


def test_a_cell_by_hand_names_damaged_data(mnist5k: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "prepared" / "mnist5k"
    shutil.copytree(mnist5k, folder)
    (folder / "x_train.npy").write_bytes((folder / "x_train.npy").read_bytes()[:1000])
    spec = _smoke_training(tmp_path / "spec.json")
    assert main(["cell", str(spec), "--to", str(tmp_path), "--prepared", str(folder.parent)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {folder / 'x_train.npy'} is damaged")


def test_a_training_without_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = _smoke_training(tmp_path / "spec.json", data=None)
    assert main(["cell", str(spec), "--to", str(tmp_path), "--prepared", str(tmp_path)]) == 1
    assert "missing key 'data'" in capsys.readouterr().err
