"""Tables in parquet: every bit comes back, the same content is the same bytes, and any damage is noticed."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infwidth.results.parquet import Unreadable, read_parquet, write_parquet


@pytest.fixture
def frame() -> pd.DataFrame:
    numbers = np.random.default_rng(0).standard_normal(200)
    numbers[:4] = [np.nan, np.inf, -0.0, 5e-324]
    return pd.DataFrame(
        {
            "width": np.where(np.arange(200) % 3, 8.0, np.nan),
            "richness": ["0", "1/2"] * 100,
            "decoupled": [True, False] * 100,
            "step": np.arange(200),
            "layer": ["", "γ", "h1", "h2"] * 50,
            "value": numbers,
        }
    )


def test_every_bit_comes_back(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_parquet(frame, tmp_path / "a.parquet")
    back = read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    assert (back.value[1:].to_numpy().view("i8") == frame.value[1:].to_numpy().view("i8")).all()


def test_other_programs_read_it(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_parquet(frame, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), frame, check_exact=True)


def test_the_same_content_is_the_same_bytes(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Also when it comes from a file, or with another index, as after a selection."""
    write_parquet(frame, tmp_path / "a.parquet")
    write_parquet(read_parquet(tmp_path / "a.parquet"), tmp_path / "b.parquet")
    write_parquet(pd.concat([frame, frame]).iloc[200:], tmp_path / "c.parquet")
    first, second, third = ((tmp_path / f"{name}.parquet").read_bytes() for name in "abc")
    assert first == second == third


def test_notes_are_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_parquet(frame, tmp_path / "a.parquet", {b"note": b"why"})
    assert pq.read_schema(tmp_path / "a.parquet").metadata[b"note"] == b"why"


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_is_noticed_or_changes_nothing(seed: int, frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(frame, path)
    whole, draw, unnoticed = path.read_bytes(), random.Random(seed), 0
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            back = read_parquet(path)
        except Unreadable:
            continue
        unnoticed += 1
        pd.testing.assert_frame_equal(back, frame, check_exact=True)
    assert unnoticed < 50  # what is left are statistics and offsets that reading does not use


@pytest.mark.parametrize("change", ["value", "name", "type", "order"])
def test_content_that_was_not_written_is_refused(change: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    """As by a program that rewrites the file and carries the metadata along."""
    path = tmp_path / "a.parquet"
    write_parquet(frame, path)
    other = {
        "value": frame.assign(value=frame["value"] * 10),
        "name": frame.rename(columns={"layer": "metric"}),
        "type": frame.astype({"step": "int32"}),
        "order": frame[::-1],
    }[change]
    table = pa.Table.from_pandas(other, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(pq.read_schema(path).metadata), path)
    with pytest.raises(ValueError, match="not what was written"):
        read_parquet(path)
