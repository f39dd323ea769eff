"""Arrays of a prepared folder: whole, or an error that says what to do."""

from pathlib import Path

import numpy as np
import pytest

from infwidth.data.record import read_array
from infwidth.errors import DataError


@pytest.mark.parametrize("mapped", [True, False])
def test_an_array_comes_back(tmp_path: Path, mapped: bool) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    assert np.array_equal(read_array(tmp_path, "x", mapped=mapped), array)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("keep", [0, 5, 100, 1000, None])
def test_a_truncated_or_absent_array_is_named(tmp_path: Path, keep: int | None, mapped: bool) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(4000))
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"x\.npy is damaged.* delete the folder"):
        read_array(tmp_path, "x", mapped=mapped)
