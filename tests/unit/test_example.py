"""The examples run; that of the user's own module passes its coordinate check, and its negative control fails it."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from infwidth.transfer import transfer_check

EXAMPLES = Path(__file__).parents[2] / "examples"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def example() -> ModuleType:
    module = loaded("parametrize_your_module")
    module.WIDTHS = (32, 64, 128)
    return module


def test_it_writes_its_figure_and_its_verdicts(example: ModuleType, tmp_path: Path, capsys) -> None:
    example.main(tmp_path)
    said = capsys.readouterr().out
    assert "Coordinate check of mup with sgd: passes." in said
    assert "Coordinate check of sp with sgd: fails." in said
    assert (tmp_path / "coordinate_check.png").stat().st_size > 10_000


def test_all_rules_are_one_net_at_the_base_width(example: ModuleType) -> None:
    assert example.train(example.BASE_WIDTH, "mup", steps=5) == example.train(example.BASE_WIDTH, "sp", steps=5)


def test_training_lowers_the_loss_at_every_width(example: ModuleType) -> None:
    for width in example.WIDTHS:
        losses = example.train(width, steps=20)
        assert losses[-1] < 0.5 * losses[0]
        assert all(torch.isfinite(torch.tensor(losses)))


def test_infinite_width_is_trained_beside_finite_ones(tmp_path: Path, capsys) -> None:
    module = loaded("train_at_infinite_width")
    module.STEPS, module.WIDTHS, module.NEURONS = 4, (64, 128), 512
    module.main(tmp_path)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("infinite")]
    assert [row[3] for row in rows] == ["2.3026", "2.3026"]  # log 10: the limit's output starts at zero
    assert (tmp_path / "infinite_width.png").stat().st_size > 10_000


def test_transfer_is_checked_of_a_transformer_of_ones_own(tmp_path: Path) -> None:
    module = loaded("check_transfer")
    study = replace(module.study(), widths=[16, 32], rates=module.study().rates[3:6], steps=2, seeds=1)
    table = transfer_check(study, tmp_path).table
    assert len(table) == 2 * 3
    assert table.loss.between(3, 6).all()  # log 128 is 4.9
    assert module.control().rule == "sp"


def test_its_transformer_sees_no_letter_that_follows() -> None:
    module = loaded("check_transfer")
    model = module.LanguageModel(32)
    letters, following = next(module.batches(0))
    assert (letters[:, 1:] == following[:, :-1]).all()
    changed = letters.clone()
    changed[:, 20:] = (changed[:, 20:] + 1) % module.LETTERS
    there = (model(letters) == model(changed)).all(-1)
    assert there[:, :20].all()
    assert not there[:, 20:].any()
