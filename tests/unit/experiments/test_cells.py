"""Cells of both kinds keep the names under which they were published, and are said in plain values and back."""

import csv
import json
from pathlib import Path

import pytest

from builders import DOCUMENT, expanded
from infwidth.errors import SpecError
from infwidth.experiments.cells import read_cell
from infwidth.specs.identity import canonical, cell_id, from_canonical

PUBLISHED = Path(__file__).parents[3] / "results" / "published"


@pytest.mark.parametrize("file", sorted(PUBLISHED.glob("*/cells.csv")), ids=lambda file: file.parent.name)
def test_every_published_cell_keeps_its_name(file: Path) -> None:
    kinds = set()
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            spec = json.loads(row["spec"])
            cell = read_cell(from_canonical(spec), where=row["cell"])
            assert (cell_id(cell), canonical(cell)) == (row["cell"], spec)
            kinds.add(cell.kind)
    assert kinds == {"train", "solve"}


def test_a_document_of_a_cell_is_read_back() -> None:
    (cell,) = expanded(solve={"name": "gauge_orbit", "rule": "mup", "n_hidden": 2, "width": 8, "n_inputs": 3}
        | {"steps": 2, "lr": 1, "theta": "1/2", "transform_rate": True})  # fmt: skip
    assert cell.document["solve"]["lr"] == 1
    assert read_cell(json.loads(json.dumps(cell.document)), where="here") == cell.spec


def test_the_number_of_seeds_may_depend_on_the_width() -> None:
    swept = {key: {**block} if isinstance(block, dict) else block for key, block in DOCUMENT.items() if key != "kind"}
    del swept["model"]["width"]
    base = swept["parametrization"]["base_width"]
    swept |= {"sweep": {"model.width": [base, 2 * base]}}
    cells = expanded(**{**swept, "seeds": {str(base): 3, str(2 * base): 1}})
    assert [cell.spec.seeds for cell in cells] == [(0, 1, 2), (0,)]
    with pytest.raises(SpecError, match=f"seeds: none for width {2 * base}, only for {base}"):
        expanded(**{**swept, "seeds": {str(base): 3}})


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (3, "here: not the spec of a cell, but 3"),
        ({"kind": "limit", "limit": {}}, r"here: kind: 'limit' is not known; known: train, join, solve"),
        ({"kind": "solve"}, "here: top level: missing key 'solve'"),
        ({"kind": "solve", "solve": {}}, "here: solve: missing key 'name'"),
        ({"kind": "solve", "solve": {"name": "../x"}}, "here: solve.name: no paper '.' with computations"),
        ({"kind": "solve", "solve": {"name": ["maml"]}}, r"here: solve"),
    ],
)
def test_what_is_no_cell_is_refused(document: object, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        read_cell(document, where="here")
