"""Experiments as data: every value has meaning or is refused, naming file and key."""

import copy
import json
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from infwidth.__main__ import main
from infwidth.errors import SpecError
from infwidth.experiments.cells import expand
from infwidth.experiments.identity import cell_id
from infwidth.experiments.papers import PAPERS_DIR, load_paper, paper_names
from infwidth.experiments.scales import SCALES, at_scale
from infwidth.experiments.validation import validate

SCHEMAS = Path(__file__).parents[2] / "config" / "schemas"
CELL = SCHEMAS / "cell.schema.json"


@pytest.fixture
def experiment() -> dict:
    note = {"source": "a test", "deviation": "none"}
    return {
        "kind": "train",
        "what": "a test",
        "data": {
            "name": "mnist5k",
            "image_size": 14,
            "train_size": 100,
            "test_size": 50,
            "classes": None,
            "normalization": "unit",
            **note,
        },
        "model": {"name": "mlp", "n_hidden": 2, "activation": "relu", "bias": False, **note},
        "parametrization": {"base_width": 8, "gamma0": 1.0, "layer_lr": "variance", "zero_readout": False, **note},
        "optimizer": {"name": "sgd", "lr": [0.1], "momentum": 0.0, "weight_decay": 0.0, **note},
        "training": {
            "steps": 5,
            "batch_size": 10,
            "stream": "epochs",
            "augmentation": "none",
            "loss": "mse",
            "centred": False,
            "dtype": "float64",
            "evaluations": 3,
            **note,
        },
        "probes": [{"name": "losses"}],
        "seeds": 2,
        "sweep": {"model.width": [8, 16], "parametrization.rule": ["mup", "ntk"]},
    }


def _cells(experiment: dict) -> list:
    return list(expand(experiment, CELL, where="here"))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("paper", paper_names())
def test_every_paper_is_valid_at_every_scale(paper: str, scale: str) -> None:
    loaded = load_paper(paper, scale, SCHEMAS)
    assert loaded.figures
    assert all(loaded.cells.values())


def test_sweep_is_the_product_of_its_axes(experiment: dict) -> None:
    axes = [tuple(cell.axes.values()) for cell in _cells(experiment)]
    assert axes == [(8, "mup"), (8, "ntk"), (16, "mup"), (16, "ntk")]


def test_identity_is_what_is_computed_not_how_it_is_written(experiment: dict) -> None:
    reordered = {key: experiment[key] for key in reversed(experiment)}
    reordered["model"] = {**experiment["model"], "source": "another note"}
    assert [c.id for c in _cells(reordered)] == [c.id for c in _cells(experiment)]


def test_identity_changes_with_any_value(experiment: dict) -> None:
    base = _cells(experiment)[0].spec
    seen = {cell_id(base)}
    for block, key, value in [
        ("training", "steps", 6),
        ("optimizer", "lr", [0.2]),
        ("data", "train_size", 99),
        ("model", "n_hidden", 3),
        ("parametrization", "gamma0", 2.0),
    ]:
        changed = copy.deepcopy(base)
        changed[block][key] = value
        seen.add(cell_id(changed))
    seen.add(cell_id({**base, "seeds": [0, 1, 2]}))
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("training", "batchsize"), 3, r"training: unknown key 'batchsize' \(did you mean 'batch_size'\?\)"),
        (("optimizer", "name"), "sdg", r"optimizer.name: 'sdg' is not known \(did you mean 'sgd'\?\)"),
        (("optimizer", "lr"), [], "list of positive learning rates"),
        (("optimizer", "lr"), [-0.1], "optimizer.lr.0"),
        (("training", "steps"), 0, "training.steps"),
        (("seeds",), [], "at least one"),
        (("parametrization", "gamma0"), -1.0, "must be a positive number"),
        (("parametrization", "richness"), 0.25, 'must be an exact rational in quotes, such as "1/4"'),
        (("parametrization", "base_width"), 32, "model.width 8 is below parametrization.base_width 32"),
        (("model", "depth"), 3, "unknown key 'depth'"),
        (("probes",), [{"name": "loses"}], r"'loses' is not known \(did you mean 'losses'\?\)"),
        (("sweep", "modle.width"), [8], r"sweep.modle.width: no such block \(did you mean 'model'\?\)"),
        (("sweep", "model.n_hidden"), [1], "also given in block 'model'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(experiment: dict, path: tuple, value: object, message: str) -> None:
    block = experiment
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    with pytest.raises(SpecError, match=message) as error:
        _cells(experiment)
    assert str(error.value).startswith("here")


@pytest.mark.parametrize(("rule", "richness"), [("stp", "-1/4"), ("stp", "3/4"), ("mupp", None)])
def test_a_parametrization_without_meaning_is_refused(experiment: dict, rule: str, richness: str | None) -> None:
    experiment["sweep"] = {"model.width": [8], "parametrization.rule": [rule]}
    if richness is not None:
        experiment["parametrization"]["richness"] = richness
    with pytest.raises(SpecError, match="here: parametrization: "):
        _cells(experiment)


def test_scales_are_all_or_none() -> None:
    assert at_scale({"a": {"smoke": 1, "laptop": 2, "workstation": 3, "paper": 4}, "b": 5}, "laptop") == {
        "a": 2,
        "b": 5,
    }
    with pytest.raises(
        SpecError, match=r"a: a value by scale needs all four scales; missing: paper; not a scale: papre"
    ):
        at_scale({"a": {"smoke": 1, "laptop": 2, "workstation": 3, "papre": 4}}, "laptop", where="file")
    with pytest.raises(SpecError, match=r"unknown scale 'labtop' \(did you mean 'laptop'\?\)"):
        at_scale({}, "labtop")


def test_unknown_paper_names_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'harvard2024'"):
        load_paper("havard2024", "laptop", SCHEMAS)


@pytest.mark.parametrize("schema", [*SCHEMAS.glob("*.json"), *PAPERS_DIR.glob("*/*.schema.json")], ids=lambda p: p.name)
def test_schemas_are_schemas(schema: Path) -> None:
    Draft202012Validator.check_schema(json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": "laptp"}, r"scale: 'laptp' is not known \(did you mean 'laptop'\?\)"),
        ({"sclae": "laptop"}, r"unknown key 'sclae' \(did you mean 'scale'\?\)"),
        ({"data_dir": 3}, "data_dir: 3"),
    ],
)
def test_config_is_strict(config: dict, message: str) -> None:
    good = yaml.safe_load((SCHEMAS.parent / "config.yaml").read_text(encoding="utf-8"))
    validate(good, SCHEMAS / "config.schema.json", where="config")
    with pytest.raises(SpecError, match=message):
        validate({**good, **config}, SCHEMAS / "config.schema.json", where="config")


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
    (cell, *_) = load_paper("harvard2024", "smoke", SCHEMAS).cells["width_sweep"]
    to.write_text(json.dumps({key: value for key, value in {**cell.spec, **changes}.items() if value is not None}))
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
    assert "data: a training needs images or windows of text" in capsys.readouterr().err
