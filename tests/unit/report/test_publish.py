"""Publishing: the same files give the same manifest, and a part never takes the place of the whole."""

import shutil
from pathlib import Path

import pytest

from infwidth.errors import DataError
from infwidth.report.publish import publish
from infwidth.report.published import MANIFEST, read_manifest

PUBLISHED = Path(__file__).parents[3] / "results" / "published"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for scale in ("laptop", "workstation"):
        shutil.copytree(PUBLISHED / scale, tmp_path / scale)
    return tmp_path / "laptop"


def _files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".md" and path.name != MANIFEST
    }


def test_what_is_published_again_is_the_same(folder: Path) -> None:
    publish(_files(folder), folder, left_out=[], drawn_by=read_manifest(folder)["drawn_by"])
    assert (folder / MANIFEST).read_text() == (PUBLISHED / "laptop" / MANIFEST).read_text()
    assert (folder / "README.md").exists()
    assert not list(folder.parent.glob(".*"))


def test_a_part_is_refused_where_more_is_published(folder: Path) -> None:
    before = read_manifest(folder)
    some = {name: path for name, path in _files(folder).items() if name != "figures/vyas2023_fig6.png"}
    with pytest.raises(DataError, match=r"1 published figures \(vyas2023_fig6, …\) are not among those asked for"):
        publish(some, folder, left_out=["vyas2023_fig6"], drawn_by={})
    assert read_manifest(folder) == before


def test_a_file_too_large_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "large.parquet").write_bytes(bytes(3 * 2**20))
    with pytest.raises(DataError, match=r"large\.parquet: too large to publish as tables/a/b\.parquet"):
        publish(_files(folder) | {"tables/a/b.parquet": tmp_path / "large.parquet"}, folder, left_out=[], drawn_by={})
