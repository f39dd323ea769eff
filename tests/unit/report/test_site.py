"""The documentation in one folder: every public name is in it with its words, and every link leads somewhere."""

import re
from pathlib import Path

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
    assert {"README.md", "reference/README.md", "docs/results.md"} <= {
        path.relative_to(tmp_path / "site").as_posix() for path in written
    }
    for page in written:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target.partition("#")[0]).exists(), f"{page}: {target}"


def test_it_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").touch()
    assert main(["--root", str(ROOT), "site", "--to", str(tmp_path)]) == 1
    assert "there is something in it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
