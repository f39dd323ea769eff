"""Papers and data sets from a folder outside: read and refused as those of the package, never mixed up with them."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

import infwidth
from infwidth.__main__ import main
from infwidth.data.load import load_data
from infwidth.data.own_sets import own_sets
from infwidth.data.prepare import prepare
from infwidth.data.registry import datasets
from infwidth.errors import DataError, SpecError
from infwidth.experiments.catalog import read_titles
from infwidth.papers import claims_of, figure_function
from infwidth.places import OWN_PAPERS, own_papers, use_own_papers
from infwidth.plan import entries
from infwidth.plan.code import Package
from infwidth.plan.graph import load_graph
from infwidth.report.catalog import catalog_table
from infwidth.report.contents import catalog_rows
from infwidth.report.publish import publish
from infwidth.report.readme import published_contents

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own_papers"
SHAPES = {"kind": "images", "title": "Shapes", "file": "shapes.npz", "channels": 1, "side": 12, "n_classes": 4}
NOTES = {"kind": "text", "title": "Notes", "files": ["notes.txt"], "min_count": 2}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of one's own, with the paper of the example."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "my papers", ignore=shutil.ignore_patterns("__pycache__")))
    monkeypatch.setenv(OWN_PAPERS, str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("infwidth.papers.digits2026")]:
        del sys.modules[name]


def _write_sets(folder: Path, **sets: object) -> None:
    (folder / "data_sets.yaml").write_text(yaml.safe_dump(sets), encoding="utf-8")


def _write_shapes(file: Path, side: int = 12) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (160, side, side)).astype(np.uint8)
    labels = np.arange(160) % 4
    np.savez(file, x_train=pixels[:120], y_train=labels[:120], x_test=pixels[120:], y_test=labels[120:])


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# Papers


def test_it_is_a_paper_as_any_other_and_changes_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = load_graph("smoke")
    assert [figure.rule for figure in graph.own] == ["digits2026_losses"]
    assert graph.catalog[-1].rule == "digits2026_losses"
    status = catalog_table(graph.catalog, [figure.rule for figure in graph.figures], {}, {})
    *others, own = catalog_rows(status, read_titles() | graph.titles)
    assert [row.figure for row in own.figures] == ["digits2026_losses"]
    assert own.own
    assert not any(paper.own for paper in others)
    assert len(graph.cells_of("digits2026", "widths")) == 2
    changed = load_graph("smoke", "digits2026", {"digits2026.widths.model.width": [16, 64]})
    assert {cell.axes["width"] for cell in changed.cells_of("digits2026", "widths")} == {16, 64}
    monkeypatch.delenv(OWN_PAPERS)
    without = load_graph("smoke")
    assert without.own == ()
    assert without.cells.items() < graph.cells.items()


def test_its_modules_are_found_and_import_each_other(folder: Path) -> None:
    assert figure_function("digits2026", "losses").__module__ == "infwidth.papers.digits2026.figures.losses"
    assert [claim.name for claim in claims_of("digits2026")] == ["wider_is_better"]
    assert figure_function("mei2018", "radial").__module__ == "infwidth.papers.mei2018.figures.radial"


def test_what_a_figure_imports_and_names_is_behind_it(folder: Path) -> None:
    """By a relative import and by the name of a file; what another module says is not."""
    paper = folder / "digits2026"
    figure, claims = entries.of_figure("digits2026", "losses"), entries.of_claims("digits2026")

    def codes() -> tuple[str, str]:
        package = Package(Path(infwidth.__file__).parent, own=folder)
        return package.code_of(figure), package.code_of(claims)

    first = codes()
    _edit(paper / "figures" / "losses.py", "2.4", "2.5")
    second = codes()
    assert second[0] != first[0]
    assert second[1] == first[1]
    _edit(paper / "measured.py", '"test_loss"', '"train_loss"')
    third = codes()
    assert third[0] != second[0]
    assert third[1] != second[1]
    _edit(paper / "figures" / "losses.py", '"step"', '"step", label="data/points.csv"')
    named = codes()[0]
    (paper / "data").mkdir()
    (paper / "data" / "points.csv").write_text("1\n")
    there = codes()[0]
    (paper / "data" / "points.csv").write_text("2\n")
    assert len({named, there, codes()[0]}) == 3


def test_what_was_read_of_a_module_is_remembered_by_its_folder(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))  # the same times
    _edit(other / "digits2026" / "measured.py", "test_loss", "tesT_loss")
    file, copy = (place / "digits2026" / "measured.py" for place in (folder, other))
    shutil.copystat(file, copy)
    codes = set()
    for place in (folder, other):
        package = Package(Path(infwidth.__file__).parent, tmp_path / "code.json", place)
        codes.add(package.code_of(["infwidth.papers.digits2026.measured"]))
        package.remember()
    assert len(codes) == 2


MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a name of the package": (
        lambda folder: (folder / "digits2026").rename(folder / "mei2018"),
        "mei2018: there is a paper 'mei2018' in infwidth itself; rename the folder",
    ),
    "no name": (
        lambda folder: (folder / "digits2026").rename(folder / "My-paper"),
        "'My-paper' is no name of a paper",
    ),
    "no experiments": (
        lambda folder: (folder / "digits2026" / "experiments.yaml").rename(folder / "digits2026" / "experiments.yml"),
        "digits2026: a paper without experiments.yaml",
    ),
    "no claims": (
        lambda folder: (folder / "digits2026" / "claims.py").unlink(),
        r"digits2026: there is no claims\.py; it says CLAIMS",
    ),
    "a figure's module misnamed": (
        lambda folder: (folder / "digits2026/figures/losses.py").rename(folder / "digits2026/figures/loss.py"),
        r"figures\.losses: there is no .*losses\.py \(did you mean 'loss'\?\)",
    ),
    "an unknown key": (
        lambda folder: _edit(folder / "digits2026" / "experiments.yaml", "batch_size", "batchsize"),
        r"experiments\.widths: training: unknown key 'batchsize' \(did you mean 'batch_size'\?\)",
    ),
    "no source": (
        lambda folder: _edit(folder / "digits2026" / "experiments.yaml", '      source: "own choice"\n', ""),
        "missing key 'source'",
    ),
    "an unknown data set": (
        lambda folder: _edit(folder / "digits2026" / "experiments.yaml", "mnist5k", "mnist5"),
        r"digits2026/experiments.yaml: experiments.widths.data.name: unknown data set 'mnist5' \(did you mean",
    ),
    "a shared block of the package's name": (
        lambda folder: (folder / "shared.yaml").write_text("data:\n  digits_or_mnist: {name: mnist}\n"),
        r"shared.yaml: data.digits_or_mnist: infwidth itself has a block of this name",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake: str, folder: Path) -> None:
    make, says = MISTAKES[mistake]
    make(folder)
    with pytest.raises(SpecError, match=says):
        load_graph("smoke")


def test_a_module_that_is_no_python_is_named_with_its_line(folder: Path) -> None:
    _edit(folder / "digits2026" / "measured.py", "def ", "define ")
    with pytest.raises(SpecError, match=r"measured.py, line 8: not Python"):
        Package(Path(infwidth.__file__).parent, own=folder).code_of(entries.of_claims("digits2026"))


def test_a_module_without_what_is_wanted_is_named(folder: Path) -> None:
    _edit(folder / "digits2026" / "figures" / "losses.py", "def losses", "def loses")
    with pytest.raises(SpecError, match=r"losses\.py: there is no 'losses' in it: the function that draws"):
        figure_function("digits2026", "losses")


def test_the_wrong_folder_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="papers_dir: there is no folder"):
        use_own_papers(folder / "nothing")
    with pytest.raises(SpecError, match=r"papers_dir is '\$NOWHERE/papers', and there is no environment variable"):
        use_own_papers("$NOWHERE/papers")
    monkeypatch.setenv("HOME", str(folder.parent))
    use_own_papers("~/my papers/digits2026")
    assert own_papers() == folder / "digits2026"
    with pytest.raises(SpecError, match="give the folder that holds the folders of papers"):
        load_graph("smoke")


def test_blocks_that_one_s_own_papers_share_are_taken_over(folder: Path) -> None:
    (folder / "shared.yaml").write_text("data:\n  small: {name: mnist5k, image_size: 7}\n")
    _edit(folder / "digits2026" / "experiments.yaml", "name: mnist5k\n      image_size: 14\n", "like: small\n")
    (cell, *_) = load_graph("smoke").cells_of("digits2026", "widths")
    assert cell.document["data"]["image_size"] == 7


def test_what_is_published_is_of_the_repository_only(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="published are the papers of the repository, and digits2026 would be among"):
        publish({}, tmp_path / "laptop", left_out=[], drawn_by={}, own=["digits2026"])
    said, _ = published_contents(ROOT / "results" / "published" / "laptop")
    assert "digits2026" not in [paper.name for paper in (*said.papers, *said.catalog)]
    assert "digits2026_losses" not in said.figures_left_out


def test_the_command_line_knows_it_by_an_option(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(OWN_PAPERS, "")
    assert main(["--papers-dir", str(folder), "catalog", "--scale", "smoke", "--paper", "digits2026"]) == 0
    assert "digits2026_losses built, not published" in capsys.readouterr().out
    with pytest.raises(DataError, match=r"widths\.parquet is not there"):
        infwidth.load("digits2026_losses", scale="smoke", root=folder)  # of one's own, also without own=True


# Data sets


def test_images_of_one_s_own_are_prepared_and_loaded(folder: Path, tmp_path: Path) -> None:
    _write_sets(folder, shapes=SHAPES | {"n_test": 40})
    _write_shapes(folder / "shapes.npz")
    assert [*datasets()][-1] == "shapes"
    record = prepare("shapes", tmp_path, tmp_path / "prepared" / "shapes")
    assert record["source"][0]["origin"] == "data folder: shapes.npz"
    block = {"name": "shapes", "image_size": None, "train_size": 64, "test_size": None, "normalization": "unit"}
    data = load_data(tmp_path / "prepared", block)
    assert data.n_classes == 4
    assert data.sha256 == record["sha256"]


def test_texts_of_one_s_own_are_prepared(folder: Path, tmp_path: Path) -> None:
    _write_sets(folder, notes=NOTES)
    (tmp_path / "notes.txt").write_text("to be or not to be " * 20 + "once")  # in the data folder
    assert set(prepare("notes", tmp_path, tmp_path / "prepared")["files"]) >= {"train.npy", "vocabulary.json"}
    assert yaml.safe_load((tmp_path / "prepared" / "vocabulary.json").read_text()) == ["be", "to", "not", "or", "<unk>"]


def test_what_is_said_of_data_is_checked(folder: Path, tmp_path: Path) -> None:
    _write_sets(folder, shapes=SHAPES | {"n_test": 40})
    with pytest.raises(DataError, match=r"'shapes' is absent.*\n.*looked for: .*shapes\.npz, .*shapes\.npz"):
        prepare("shapes", tmp_path, tmp_path / "prepared")
    _write_shapes(folder / "shapes.npz", side=14)
    with pytest.raises(DataError, match=r"shapes\.npz: side is 14, and data_sets\.yaml says shapes\.side: 12"):
        prepare("shapes", tmp_path, tmp_path / "prepared")


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ({"mnist5k": SHAPES}, "mnist5k: infwidth itself has a data set of this name"),
        ({"My-shapes": SHAPES}, "My-shapes: must be a name of small letters"),
        ({"shapes": SHAPES | {"kind": "image"}}, r"shapes\.kind: 'image' is not known \(did you mean 'images'\?\)"),
        ({"shapes": SHAPES | {"sides": 3}}, r"unknown key 'sides' \(did you mean 'side'\?\)"),
        ({"shapes": SHAPES}, "shapes: top level: missing key 'n_test'"),
        ({"shapes": "shapes.npz"}, r"shapes\.kind: None is not known"),
        ({"notes": NOTES | {"files": ["a", "b"]}}, "notes.files: 2 files; a text is one, or train, valid, test"),
    ],
)
def test_a_mistake_in_data_sets_is_named(sets: dict[str, object], says: str, folder: Path) -> None:
    _write_sets(folder, **sets)
    with pytest.raises(SpecError, match=rf"data_sets\.yaml: .*{says}|data_sets\.yaml: {says}"):
        own_sets()
    with pytest.raises(SpecError, match=r"data_sets\.yaml"):
        load_graph("smoke")
