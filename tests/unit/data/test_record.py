"""Prepared folders: what is read is what was prepared, or an error that says what to do."""

import json
from pathlib import Path

import numpy as np
import pytest

from infwidth.data import record
from infwidth.data.images import load_images
from infwidth.data.record import RECORD, read_array, read_json, read_record
from infwidth.errors import DataError
from prepared import write_prepared


@pytest.mark.parametrize("mapped", [True, False])
def test_an_array_comes_back(tmp_path: Path, mapped: bool) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    write_prepared(tmp_path, "toy", x=array)
    assert np.array_equal(read_array(tmp_path, "x", mapped=mapped), array)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("keep", [0, 5, 100, 1000, None])
def test_a_truncated_or_absent_array_is_named(tmp_path: Path, keep: int | None, mapped: bool) -> None:
    path = tmp_path / "x.npy"
    write_prepared(tmp_path, "toy", x=np.arange(4000))
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"x\.npy is damaged.* delete the folder"):
        read_array(tmp_path, "x", mapped=mapped)


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)


def test_no_flipped_bit_of_a_prepared_set_goes_unnoticed(mnist5k: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = [path for path in mnist5k.iterdir() if path.is_file()]
    for name in ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy", RECORD):
        for _ in range(4):
            for file in files:
                (tmp_path / file.name).write_bytes(file.read_bytes())
            flip(tmp_path / name, int(rng.integers((tmp_path / name).stat().st_size * 8)))
            with pytest.raises(DataError, match=rf"{name} is damaged"):
                load_images(tmp_path)


def test_a_value_in_json_is_compared_as_well(tmp_path: Path) -> None:
    write_prepared(tmp_path, "toy", vocabulary=["a", "b"])
    assert read_json(tmp_path, "vocabulary") == ["a", "b"]
    (tmp_path / "vocabulary.json").write_text('["a", "c"]')
    with pytest.raises(DataError, match=r"vocabulary\.json is damaged"):
        read_json(tmp_path, "vocabulary")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": 3, "sha256": 4}', '{"files": {"x": {}}, "sha256": 4}', "\0"]
)
def test_a_record_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(DataError, match=r"record\.json is damaged"):
        read_record(tmp_path)


def test_small_files_are_compared_once_a_process_and_large_ones_once(tmp_path: Path, monkeypatch) -> None:
    write_prepared(tmp_path, "toy", x=np.arange(1000))
    looked: list[Path] = []
    digest = record.file_digest
    monkeypatch.setattr(record, "file_digest", lambda path: looked.append(path) or digest(path))
    for _ in range(3):
        read_array(tmp_path, "x")
    assert len(looked) == 1
    record._seen.clear()  # as in another process
    read_array(tmp_path, "x")
    assert len(looked) == 2
    monkeypatch.setattr(record, "_LARGE", 100)
    for _ in range(3):
        record._seen.clear()
        read_array(tmp_path, "x")
    assert len(looked) == 3
    assert json.loads((tmp_path / ".compared.json").read_text()).keys() == {"x.npy"}
    flip(tmp_path / "x.npy", 5000)
    with pytest.raises(DataError, match=r"x\.npy is damaged"):
        read_array(tmp_path, "x")
