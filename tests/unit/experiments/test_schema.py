"""The schema that editors check experiments.yaml with is that of the blocks, and knows good from bad."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infwidth.experiments.papers import paper_names
from infwidth.experiments.schema import text
from infwidth.papers import PAPERS_DIR

jsonschema = pytest.importorskip("jsonschema", reason="comes with Snakemake")

FILE = Path(__file__).parents[3] / "config" / "experiments.schema.json"


@cache
def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(text()))


def document(paper: str) -> dict:
    return yaml.safe_load((PAPERS_DIR / paper / "experiments.yaml").read_text(encoding="utf-8"))


def test_the_file_is_that_of_the_blocks() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), (
        "run: ./run python -m infwidth.experiments.schema > config/experiments.schema.json"
    )


@pytest.mark.parametrize("paper", paper_names())
def test_every_paper_is_right_and_names_the_schema(paper: str) -> None:
    assert [error.message for error in validator().iter_errors(document(paper))] == []
    file = PAPERS_DIR / paper / "experiments.yaml"
    first = file.read_text(encoding="utf-8").splitlines()[0]
    _, _, path = first.partition("# yaml-language-server: $schema=")
    assert (file.parent / path).resolve() == FILE


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("model", "widht", 8),
        ("model", "n_hidden", {"smoke": "two"}),
        ("training", "loss", {"paper": "msee"}),
        ("optimizer", "lr", {"smoke": [1.0], "papre": [2.0]}),
        ("data", "train_size", 0),
    ],
)
def test_what_is_wrong_is_marked(block: str, key: str, value: object) -> None:
    good = document("vyas2023")
    assert not list(validator().iter_errors(good))
    bad = copy.deepcopy(good)
    bad["experiments"]["full_batch"][block][key] = value
    assert list(validator().iter_errors(bad))
