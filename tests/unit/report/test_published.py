"""Published files are read only while they are what was published."""

import hashlib
import json
from pathlib import Path

import pytest

from infwidth.errors import DataError
from infwidth.plan.graph import load_graph
from infwidth.report.published import check_published, published_part, published_scales, read_manifest, with_published

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "laptop"
    (folder / "tables" / "ada1843").mkdir(parents=True)
    (folder / "tables" / "ada1843" / "cards.parquet").write_bytes(b"numbers")
    digests = {"tables/ada1843/cards.parquet": hashlib.sha256(b"numbers").hexdigest()}
    (folder / "MANIFEST.json").write_text(json.dumps({"sha256": digests, "figures_not_run": []}))
    return folder


def test_what_was_published_passes(folder: Path) -> None:
    check_published(folder, ["tables/ada1843/cards.parquet"])


def test_a_changed_file_is_named(folder: Path) -> None:
    (folder / "tables" / "ada1843" / "cards.parquet").write_bytes(b"numbers times ten")
    with pytest.raises(DataError, match=r"cards\.parquet is not what was published: its SHA-256 differs"):
        check_published(folder, ["tables/ada1843/cards.parquet"])
    (folder / "tables" / "ada1843" / "cards.parquet").unlink()
    with pytest.raises(DataError, match=r"cards\.parquet: published, but it cannot be read"):
        check_published(folder, ["tables/ada1843/cards.parquet"])


def test_a_file_that_the_manifest_does_not_list_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"loom\.parquet is not published: .*MANIFEST\.json does not list it"):
        check_published(folder, ["tables/ada1843/loom.parquet"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": {}}', '{"sha256": [], "figures_not_run": []}', "\ufeffé"])
def test_a_garbled_manifest_is_named(text: str, folder: Path) -> None:
    (folder / "MANIFEST.json").write_text(text, encoding="utf-16" if text.endswith("é") else "utf-8")
    with pytest.raises(DataError, match=r"MANIFEST\.json: not a whole manifest .*take it from the repository again"):
        read_manifest(folder)
    with pytest.raises(DataError, match=r"MANIFEST\.json: not a whole manifest"):
        published_scales(folder.parent)


def test_a_scale_that_is_not_published_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"smoke/MANIFEST\.json is not there: nothing is published at scale 'smoke'"):
        read_manifest(tmp_path / "smoke")


@pytest.mark.parametrize(
    "scale", [path.parent.name for path in (ROOT / "results" / "published").glob("*/MANIFEST.json")]
)
def test_the_published_part_is_all_that_was_run(scale: str) -> None:
    published = ROOT / "results" / "published"
    graph = load_graph(scale)
    part = published_part(graph, published, all_figures=True)
    images = {image.stem for image in (published / scale / "figures").glob("*.png")}
    assert {figure.rule for figure in part.figures} == images & {figure.rule for figure in graph.figures}


def test_published_stands_for_the_figures_that_are(folder: Path) -> None:
    (folder / "figures").mkdir()
    for name in ("ada1843_cards", "ada1843_loom"):
        (folder / "figures" / f"{name}.png").touch()
    asked = with_published("published, ada1843_loom,ada1843_engine", folder)
    assert asked == "ada1843_cards,ada1843_loom,ada1843_engine"
    assert with_published("all", folder) == "all"
    with pytest.raises(DataError, match="nothing is published at scale 'other'"):
        with_published("published", folder.with_name("other"))
