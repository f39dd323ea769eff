"""Checkpoints: taken up whole, and only whole."""

from pathlib import Path

import pytest
import torch

from infwidth.training import checkpoint

STATE = {"cell": "a", "execution": "loop", "x": torch.arange(1000.0)}


def test_a_checkpoint_is_taken_up_by_its_own_cell_only(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.checkpoint", STATE)
    state = checkpoint.load(tmp_path / "a.checkpoint", "a", "loop")
    assert state is not None
    assert torch.equal(state["x"], STATE["x"])
    assert checkpoint.load(tmp_path / "a.checkpoint", "b", "loop") is None
    assert checkpoint.load(tmp_path / "a.checkpoint", "a", "stack") is None


@pytest.mark.parametrize("place", [0, 40, 0.3, 0.5, 0.7, 0.95])
def test_no_flipped_bit_goes_through(place: float, tmp_path: Path) -> None:
    file = tmp_path / "a.checkpoint"
    checkpoint.save(file, STATE)
    content = bytearray(file.read_bytes())
    content[int(place * len(content)) if place < 1 else int(place)] ^= 16
    file.write_bytes(content)
    assert checkpoint.load(file, "a", "loop") is None
