"""The documentation in one folder: every public name is in it with its words, and every link leads somewhere."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

import infwidth.parametrization
from infwidth.__main__ import main
from infwidth.report.reference import markdown, reference

ROOT = Path(__file__).parents[3]


def test_every_public_name_has_its_words() -> None:
    modules = {module.name: module for module in reference()}
    names = {name.name for name in modules["infwidth.parametrization"].names}
    assert names == set(infwidth.parametrization.__all__)
    assert "infwidth.limits.kernels" in modules
    for module in modules.values():
        assert module.text
        assert all(name.text for name in module.names), module.name


def test_a_docstring_becomes_markdown() -> None:
    text = """Return ``x`` as :func:`infwidth.load` does.

    Attributes:
        width: the number N of units.
    """
    assert markdown(text) == "Return `x` as `infwidth.load` does.\n\nAttributes:\n- `width`: the number N of units."


def test_it_is_written_by_one_command_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    assert main(["--root", str(ROOT), "site", "--to", str(tmp_path / "site")]) == 0
    written = list((tmp_path / "site").rglob("*.md"))
    assert {"README.md", "reference/README.md", "docs/results.md", "examples/notebooks/read_the_tables.md"} <= {
        path.relative_to(tmp_path / "site").as_posix() for path in written
    }
    for page in written:
        words = re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", words):
            if not target.startswith("http"):
                assert (page.parent / target.partition("#")[0]).exists(), f"{page}: {target}"


def test_it_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").touch()
    assert main(["--root", str(ROOT), "site", "--to", str(tmp_path)]) == 1
    assert "there is something in it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_html_needs_sphinx_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("infwidth.report.site.find_spec", lambda name: None)
    assert main(["--root", str(ROOT), "site", "--html", "--to", str(tmp_path / "site")]) == 1
    assert "pip install sphinx myst-parser" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_as_html_every_link_leads_to_a_file_and_an_anchor_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert main(["--root", str(ROOT), "site", "--html", "--to", str(folder)]) == 0
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    assert folder / "index.html" in pages
    assert folder / "examples/notebooks/kernels_and_limits.html" in pages
    for page, text in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]*)"', text):
            file, _, anchor = unquote(unescape(link)).partition("#")
            if re.match(r"\w+:", file):
                continue
            target = (page.parent / file.partition("?")[0]).resolve() if file else page
            assert target.exists(), f"{page}: {link}"
            assert not anchor or target not in anchors or anchor in anchors[target], f"{page}: {link}"
