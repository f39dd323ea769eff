"""A cell, once published, keeps its name: the published specs are the oracle."""

import csv
import json
from pathlib import Path

import pytest

from infwidth.specs.block import read
from infwidth.specs.cells import Train
from infwidth.specs.identity import canonical, cell_id, from_canonical

PUBLISHED = Path(__file__).parents[3] / "results" / "published"


def published(kind: str) -> list[tuple[str, dict]]:
    """Return (id, canonical spec) of all published cells of a kind, as it was called when they were published."""
    rows = []
    for file in sorted(PUBLISHED.glob("*/cells.csv")):
        with file.open(encoding="utf-8", newline="") as text:
            rows += [(row["cell"], json.loads(row["spec"])) for row in csv.DictReader(text)]
    assert rows
    return [(name, spec) for name, spec in rows if spec["kind"] == kind]


def test_every_published_training_keeps_its_name() -> None:
    for name, spec in published("train"):
        cell = read(Train, from_canonical(spec), where=name)
        assert (cell_id(cell), canonical(cell)) == (name, spec)


@pytest.mark.parametrize(("published_as", "today"), [("relu", "unit_relu"), ("tanh", "tanh"), ("linear", "linear")])
def test_activations_are_called_what_they_are(published_as: str, today: str) -> None:
    specs = [spec for _, spec in published("train") if spec["model"].get("activation") == published_as]
    assert specs
    assert {from_canonical(spec)["model"]["activation"] for spec in specs} == {today}


def test_a_plain_relu_is_another_cell() -> None:
    document = next(from_canonical(spec) for _, spec in published("train") if spec["model"].get("activation") == "relu")
    unit = read(Train, document, where="unit")
    plain = read(Train, {**document, "model": {**document["model"], "activation": "relu"}}, where="plain")
    assert cell_id(unit) != cell_id(plain)
    assert from_canonical(canonical(plain))["model"]["activation"] == "relu"
