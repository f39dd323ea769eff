import errno
import gzip
import io
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from infwidth.data.archives import members, npz_array, read_gzip
from infwidth.errors import DataError


def everything(name: str) -> bool:
    return True


def write_tar(path: Path, name: str, content: bytes = b"content", kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        info.size = len(content) if kind == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(content))
    return path


def write_zip(path: Path, name: str, content: bytes = b"content", mode: int = 0o100644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_wanted_members_are_read(write, tmp_path):
    path = write(tmp_path / "archive", "folder/file.txt")
    assert list(members(path, everything)) == [("folder/file.txt", b"content")]
    assert list(members(path, lambda name: name.endswith(".png"))) == []


@pytest.mark.parametrize("write", [write_tar, write_zip])
@pytest.mark.parametrize("name", ["../outside", "folder/../../outside", "/etc/outside", "C:outside", "..\\outside"])
def test_paths_that_leave_their_folder_are_refused(write, name, tmp_path):
    with pytest.raises(DataError, match="refused"):
        list(members(write(tmp_path / "archive", name), lambda name: False))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(kind, tmp_path):
    with pytest.raises(DataError, match="link or a device"):
        list(members(write_tar(tmp_path / "archive", "file", kind=kind), everything))


def test_links_in_a_zip_are_refused(tmp_path):
    with pytest.raises(DataError, match="is a link"):
        list(members(write_zip(tmp_path / "archive", "file", b"/etc/passwd", mode=0o120777), everything))


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_a_bomb_is_refused_even_beside_what_is_wanted(write, tmp_path):
    path = write(tmp_path / "archive", "bomb", bytes(65 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="unpacks to more"):
        list(members(path, lambda name: False))


def test_a_gzip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(65 << 20)))
    with pytest.raises(DataError, match="unpacks to more"):
        read_gzip(path)


def test_an_npz_bomb_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(65 << 20, np.uint8))
    with pytest.raises(DataError, match="unpacks to more"), npz_array(tmp_path / "a.npz", "x"):
        pass


def test_a_zip_that_lies_about_its_sizes_yields_no_more_than_it_declares(tmp_path):
    path = write_zip(tmp_path / "archive", "file", bytes(1 << 20))
    true, false = (1 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, false))
    with pytest.raises(DataError, match="not a whole archive"):
        list(members(path, everything))


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_a_truncated_archive_is_an_error(write, tmp_path):
    path = write(tmp_path / "archive", "file", np.random.default_rng(0).bytes(100_000))
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(DataError, match="not a whole archive"):
        list(members(path, everything))


def test_a_damaged_member_is_an_error(tmp_path):
    path = write_zip(tmp_path / "archive", "file", np.random.default_rng(0).bytes(100_000))
    content = bytearray(path.read_bytes())
    content[50_000] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a whole archive"):
        list(members(path, everything))


def test_a_truncated_gzip_is_an_error(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(1000))[:500])
    with pytest.raises(DataError, match="not a whole gzip"):
        read_gzip(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_is_read_in_blocks(save, tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (10, 3, 2), np.uint8)
    save(tmp_path / "a.npz", x=x, y=np.arange(10))
    with npz_array(tmp_path / "a.npz", "x") as array:
        blocks = list(array.blocks(4))
    assert [len(block) for block in blocks] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(blocks), x)


def test_an_npz_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], object))
    with pytest.raises(DataError, match="no plain array"), npz_array(tmp_path / "a.npz", "x"):
        pass


def test_an_npz_that_announces_more_than_it_holds_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)})
    write_zip(tmp_path / "a.npz", "x.npy", header.getvalue() + b"few")
    with pytest.raises(DataError, match="announces"), npz_array(tmp_path / "a.npz", "x"):
        pass


def test_an_absent_array_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(DataError, match="no array 'y'; it has x"), npz_array(tmp_path / "a.npz", "y"):
        pass


def test_an_error_of_the_reader_is_not_blamed_on_the_file(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(OSError, match="disk full"), npz_array(tmp_path / "a.npz", "x"):
        raise OSError("disk full")


def test_an_encrypted_zip_is_named(tmp_path):
    content = bytearray(write_zip(tmp_path / "archive", "file").read_bytes())
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + place] |= 1
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(DataError, match=r"archive is encrypted \('file'\)"):
        list(members(tmp_path / "archive", everything))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_huge_header_is_refused_before_it_is_read(kind, tmp_path):
    size = 1 << 26
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, size
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as out:
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size >> 20):
            out.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"refused: one of its headers has 67108864 bytes"):
        list(members(tmp_path / "a.tar.gz", everything))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_disk_that_fails_is_not_blamed_on_the_archive(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "archive", "file")

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "the disk fails")

    monkeypatch.setattr(zipfile.ZipFile, "read", broken)
    with pytest.raises(OSError, match="the disk fails"):
        list(members(path, everything))
