"""YAML is read strictly, and what is wrong with it has a line."""

from pathlib import Path

import pytest

from infwidth.errors import SpecError
from infwidth.yaml_file import read_yaml


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "experiments.yaml"
    file.write_text(text, encoding="utf-8")
    return read_yaml(file, where="here")


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a\n")["b"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\n", r"experiments.yaml, line 5: not valid YAML: the key 'c' is there twice"),
        ("a: {b: 1, b: 1}\n", r"line 1: .*the key 'b' is there twice"),
        ("a: 1\n  b: 2\n", r"experiments.yaml, line 2: not valid YAML: mapping values are not allowed"),
        ("a: [1, 2\nb: 3\n", r"line 2: not valid YAML"),
        ("a: *b\n", "line 1: not valid YAML: found undefined alias"),
        ("a:\n\t- 1\n", "line 2: not valid YAML"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1: not valid YAML: could not determine a constructor"),
        ("a: 2021-01-01\n", "here: a: .*date"),
        ("a: [.nan]\n", r"here: a\.0: nan is not a finite number"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as error:
        read(tmp_path, text)
    assert len(str(error.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"experiments\.yaml"):
        read_yaml(tmp_path / "experiments.yaml", where="here")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 0.001), ("1E+3", 1000.0), ("-.5", -0.5), ("2.", 2.0), ("1.5e2", 150.0), ("+7", 7), ("010", 10)],
        *[("1:20", "1:20"), ("0x10", "0x10"), ("1_000", "1_000"), ("no", "no"), ("on", "on"), ("True", True)],
        *[("~", None), ("null", None), ("''", ""), ("e3", "e3"), ("1e", "1e"), (".", ".")],
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object, tmp_path: Path) -> None:
    found = read(tmp_path, f"a: [{text}]\n")["a"][0]  # type: ignore[index]
    assert (found, type(found)) == (value, type(value))
