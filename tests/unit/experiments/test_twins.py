"""Rounding twins: which experiments have them, and that no other cell's name changes."""

from typing import Any

import pytest

from builders import DOCUMENT, changed, expanded
from infwidth.errors import SpecError
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import load_paper, paper_names
from infwidth.experiments.settings import read_settings
from infwidth.experiments.twins import is_twin, with_twins
from infwidth.specs.identity import canonical


def experiment(**changes: Any) -> list[Cell]:
    document = changed({key: value for key, value in DOCUMENT.items() if key != "kind"}, **changes)
    del document["model"]["width"]
    return expanded(**document | {"seeds": 2, "sweep": {"model.width": [8, 16]}})


def twins(cells: list[Cell], noise_floor: bool | None, scale: str) -> list[Cell]:
    found = list(with_twins(cells, noise_floor, scale=scale, where="here"))
    assert found[: len(cells)] == cells
    return found[len(cells) :]


@pytest.mark.parametrize(
    ("scale", "said", "has"),
    [
        ("smoke", None, False),
        ("laptop", None, True),
        ("workstation", None, True),
        ("paper", None, False),
        ("smoke", True, True),
        ("laptop", False, False),
        ("paper", True, True),
    ],
)
def test_the_scale_decides_unless_the_experiment_does(scale: str, said: bool | None, has: bool) -> None:
    cells = experiment()
    found = twins(cells, said, scale)
    assert len(found) == (2 if has else 0)
    for cell, twin in zip(cells, found, strict=False):
        assert twin.axes == {**cell.axes, "perturbation": 1e-7}
        assert canonical(twin.spec)["training"].pop("perturbation") == 1e-7
        spec = canonical(twin.spec)
        del spec["training"]["perturbation"]
        assert spec == canonical(cell.spec)
        assert is_twin(twin)
        assert not is_twin(cell)


def test_double_precision_has_none_unless_asked_for() -> None:
    cells = experiment(training={"dtype": "float64"})
    assert twins(cells, None, "laptop") == []
    assert len(twins(cells, True, "laptop")) == 2


def test_what_is_perturbed_or_computed_has_no_noise_floor() -> None:
    perturbed = experiment(training={"perturbation": 1e-3})
    assert twins(perturbed, None, "laptop") == []
    with pytest.raises(SpecError, match=r"here: noise_floor: the experiment is perturbed already"):
        twins(perturbed, True, "laptop")
    cells = list(load_paper("yang2021", "laptop").cells["polyhedron"])
    assert twins(cells, None, "laptop") == []
    with pytest.raises(SpecError, match="a computation: nothing is trained"):
        twins(cells, True, "laptop")


def test_a_setting_switches_it() -> None:
    for given, has in (("false", False), ("true", True)):
        settings = read_settings(f"vyas2023.language.noise_floor={given}")
        for scale in ("smoke", "laptop"):
            cells = load_paper("vyas2023", scale, settings).cells["language"]
            assert any(map(is_twin, cells)) is has


@pytest.mark.parametrize("paper", paper_names())
def test_no_name_depends_on_twins(paper: str) -> None:
    whole = load_paper(paper, "laptop")
    for experiment_name, cells in whole.cells.items():
        kept = [cell for cell in cells if not is_twin(cell)]
        assert cells[: len(kept)] == tuple(kept), experiment_name
        assert all("perturbation" not in canonical(cell.spec).get("training", {}) for cell in kept)
