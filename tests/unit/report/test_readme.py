"""The README: short, its links lead somewhere, and its way to look at a table works."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest

from infwidth.report.readme import BEGIN, END

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_can_be_read_in_one_sitting() -> None:
    by_hand = README.split(BEGIN)[0] + README.split(END)[1]
    assert len(by_hand.encode()) < 10000
    assert len(README.encode()) < 16000  # a row a paper, of 27
    assert len(re.findall(r"!\[", README)) == 3


@pytest.mark.parametrize(
    "file", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(file: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / file).read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / file).parent / path if path else ROOT / file
        assert found.exists(), target
        if anchor:
            assert f'<a id="{anchor}">' in found.read_text(encoding="utf-8"), target


def test_the_table_that_it_looks_at_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "infwidth.load" in code]
    assert len([line for line in code.splitlines() if line]) == 3
    with mpl.rc_context({"backend": "agg"}):
        space: dict[str, object] = {}
        exec(code, space)
    assert len(space["rows"]) > 0  # type: ignore[arg-type]


def test_every_command_that_it_names_exists() -> None:
    rules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rules").glob("*.smk"))
    for target in re.findall(r"\./run snakemake --cores \S+ ([a-z]+)\b", README):
        assert f"rule {target}:" in rules, target
