"""Where files are looked for, which checksum counts, and a disk that is full."""

import errno
import logging
import os
import re
from pathlib import Path

import numpy as np
import pytest

from fake_archives import cifar5m, digits, write
from infwidth.data import arrays, sums
from infwidth.data.prepare import prepare
from infwidth.data.sources import data_folder
from infwidth.errors import DataError, SpecError


def test_a_home_and_variables_in_the_data_folder_are_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("SCRATCH", "/scratch")
    assert data_folder("~/datasets") == Path("/home/someone/datasets")
    assert data_folder("$HOME/datasets") == Path("/home/someone/datasets")
    assert data_folder("${SCRATCH}/$HOME") == Path("/scratch//home/someone")
    assert data_folder("data") == Path("data")
    monkeypatch.delenv("SCRATCH")
    with pytest.raises(SpecError, match=r"data_dir is '\$SCRATCH/x', and there is no environment variable SCRATCH"):
        data_folder("$SCRATCH/x")


def test_a_file_without_a_published_checksum_is_checked_from_its_first_use_on(tmp_path: Path, caplog) -> None:
    folder = tmp_path / "cifar5m"
    folder.mkdir()
    for name, content in cifar5m().items():
        (folder / name).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=1)
    assert re.search(r"no checksum is published for part0\.npz: its sha256 is kept in .*SHA256SUMS", caplog.text)
    assert sums.listed(folder).keys() == {"part0.npz", "part5.npz"}
    prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=1)
    (folder / "part0.npz").write_bytes(cifar5m(per_part=50)["part0.npz"])
    with pytest.raises(
        DataError, match=r"part0\.npz is not the file it should be: it has not the checksum in .*SHA256SUMS"
    ):
        prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=1)


def test_a_list_of_one_s_own_counts_more_than_what_is_published_and_the_record_says_so(tmp_path: Path) -> None:
    folder = write("mnist", tmp_path)
    record = prepare("mnist", tmp_path, tmp_path / "out")
    assert all("not the published file: mnist/SHA256SUMS names another" in used["origin"] for used in record["source"])
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(DataError, match=r"train-images.*published checksum md5:f68b3c2d.*move this one elsewhere"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_a_broken_list_is_named_with_its_line(tmp_path: Path) -> None:
    folder = write("mnist", tmp_path)
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  a\nmd5 is not enough\n")
    with pytest.raises(DataError, match=r"SHA256SUMS, line 2: not a checksum and a file name"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_files_are_found_where_torchvision_keeps_them(tmp_path: Path) -> None:
    raw = write("MNIST/raw", tmp_path, digits("mnist"))
    assert raw == tmp_path / "MNIST" / "raw"
    prepare("mnist", tmp_path, tmp_path / "out")
    assert len(np.load(tmp_path / "out" / "y_train.npy")) == 120


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_and_leaves_what_was_there(code: int, tmp_path: Path, monkeypatch) -> None:
    write("mnist", tmp_path)
    prepare("mnist", tmp_path, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(descriptor: int, start: int, size: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(arrays.os, "posix_fallocate", full)
    with pytest.raises(DataError, match=r"^data set 'mnist': the disk is full \(.*x_train\.npy\); make room") as caught:
        prepare("mnist", tmp_path, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert not list(tmp_path.glob(".out*"))


def test_a_disk_that_cannot_set_room_aside_is_written_all_the_same(tmp_path: Path, monkeypatch) -> None:
    def unable(descriptor: int, start: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(arrays.os, "posix_fallocate", unable)
    arrays.save(tmp_path / "x.npy", np.arange(5))
    assert np.load(tmp_path / "x.npy").tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("array", [np.arange(12).reshape(3, 4), np.arange(12.0).reshape(3, 4).T, np.empty((0, 3))])
def test_arrays_are_saved_as_numpy_saves_them(array: np.ndarray, tmp_path: Path) -> None:
    arrays.save(tmp_path / "ours.npy", array)
    np.save(tmp_path / "theirs.npy", np.ascontiguousarray(array))
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()
