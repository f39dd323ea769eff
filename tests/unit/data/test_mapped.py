"""Images on the disk: the same bits as in memory, and memory that does not grow with the data set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from infwidth.data import mapped
from infwidth.data.images import Images, load_images
from infwidth.data.mapped import Mapped
from infwidth.data.record import RECORD, content_digest, sealed
from infwidth.training.examples import examples, on_device


@pytest.fixture
def both(mnist5k: Path, monkeypatch) -> tuple[Images, Images]:
    """The digits in memory and on the disk."""
    in_memory = load_images(mnist5k, train_size=600, image_size=14)
    monkeypatch.setattr(mapped, "IN_MEMORY", 100_000)
    return in_memory, load_images(mnist5k, train_size=600, image_size=14)


def test_what_is_selected_has_the_bits_of_a_tensor(both: tuple[Images, Images]) -> None:
    tensor, on_disk = both
    assert isinstance(on_disk.x_train, Mapped)
    assert on_disk.x_train.shape == tensor.x_train.shape
    rows = torch.tensor([5, 599, 0, 5])
    for split in ("train", "test"):
        assert torch.equal(examples(on_disk, split, rows).x, examples(tensor, split, rows).x)
        assert torch.equal(on_disk.x_train[3:50], tensor.x_train[3:50])


def test_large_slices_stay_on_the_disk_and_come_in_parts(both: tuple[Images, Images]) -> None:
    tensor, on_disk = both
    part = examples(on_disk, "train", slice(10, 500))
    assert isinstance(part.x, Mapped)
    parts = part.chunks(64)
    first = next(parts)
    assert first.rows == slice(10, 74)
    assert torch.equal(torch.cat([first.x, *(p.x for p in parts)]), tensor.x_train[10:500])


def test_device_type_and_order_are_those_asked_for(both: tuple[Images, Images]) -> None:
    placed = on_device(both[1], torch.device("cpu"), torch.float64)
    batch = examples(placed, "train", torch.arange(4)).x
    assert batch.dtype == torch.float64
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch.float(), both[0].x_train[:4])


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="sparse files are tried on Linux")
def test_a_set_larger_than_memory_takes_little_of_it(tmp_path: Path) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    side = 64
    count = 10 * (int(1.5 * memory) // (10 * side * side * 3))
    files = {}
    for split, number in (("train", count), ("test", 100)):
        np.lib.format.open_memmap(tmp_path / f"x_{split}.npy", "w+", np.uint8, (number, side, side, 3))
        np.save(tmp_path / f"y_{split}.npy", np.arange(number) % 10)
        files |= {f"{what}_{split}.npy": {"sha256": split} for what in "xy"}
    assert (tmp_path / "x_train.npy").stat().st_size > memory
    assert (tmp_path / "x_train.npy").stat().st_blocks * 512 < 1 << 20
    record = {"name": "huge", "kind": "images", "sha256": content_digest(files), "files": files}
    (tmp_path / RECORD).write_text(json.dumps(sealed(record)))
    code = f"""
import resource, sys, torch
from pathlib import Path
from infwidth.data import images, record
from infwidth.training.examples import examples, on_device
record.compare = lambda path: None
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = on_device(images.load_images(Path({str(tmp_path)!r}), normalization="unit"), "cpu", torch.float32)
for step in range(20):
    batch = examples(data, "train", torch.randint({count}, (256,)))
    assert batch.x.shape == (256, 3, {side}, {side})
for part in examples(data, "train", slice(0, 2000)).chunks(128):
    pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1000  # MiB: rows and labels, a few numbers an image, and one batch
