"""The manuscript: nothing measured is in its text, every verdict has its colour, and it compiles."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from infwidth.experiments.catalog import read_catalog, read_titles
from infwidth.plan.graph import load_graph
from infwidth.report.contents import VERDICTS, bibliography_keys, contents
from infwidth.report.ledger import read_ledger
from infwidth.report.manuscript import write_manuscript

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "paper" / "manuscript.typ"
BIBLIOGRAPHY = ROOT / "paper" / "references.bib"
PUBLISHED = ROOT / "results" / "published" / "laptop"

# The rule: without comments, lengths (9.5pt, 1fr, 80%), numberings of headings and keys of the bibliography, the
# template holds no decimal number, and no number of more than one digit but these: the level of the intervals, the
# base of powers, how many digits of commits and digests are shown, the name of the digest.
LENGTH = re.compile(r"\d+(\.\d+)?(pt|cm|mm|em|fr|%)(?!\w)")
ALLOWED = {"95", "10", "12", "16", "256"}


def test_the_text_holds_no_measured_number() -> None:
    text = re.sub(r"//.*", "", TEMPLATE.read_text(encoding="utf-8"))
    rest = LENGTH.sub("", re.sub(r'numbering: "[1A]\.1"', "", text))
    rest = re.sub(r"[@<][a-z]+\d{4}\w*", "", rest)  # keys of the bibliography
    assert re.findall(r"\d+\.\d+", rest) == []
    assert {n for n in re.findall(r"\d+", rest) if len(n) > 1} <= ALLOWED


def test_every_key_that_the_text_cites_is_in_the_bibliography() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    cited = set(re.findall(r"[@<]([a-z]+\d{4}\w*)", text))
    assert cited == bibliography_keys(BIBLIOGRAPHY)


def test_every_paper_is_in_the_bibliography() -> None:
    assert set(load_graph("laptop").papers) <= bibliography_keys(BIBLIOGRAPHY)


def test_titles_of_papers_to_come_are_those_of_the_bibliography() -> None:
    text = BIBLIOGRAPHY.read_text(encoding="utf-8")
    found = dict(re.findall(r"^@\w+\{([^,]+),.*?^  title = \{(.*?)\},$", text, flags=re.MULTILINE | re.DOTALL))
    for paper, title in read_titles().items():
        assert re.sub("[{}]", "", found[paper]).lower() == title.lower()


def test_the_published_manuscript_compiles_twice_to_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("typst", reason="the package typst is not installed")
    shutil.copytree(PUBLISHED / "figures", tmp_path / "figures")
    said = contents(
        load_graph("laptop"),
        read_catalog(),
        read_ledger(PUBLISHED / "claims.csv"),
        pd.read_csv(PUBLISHED / "cells.csv"),
        images={path.stem: f"/figures/{path.name}" for path in (tmp_path / "figures").iterdir()},
        published={},
        cited=bibliography_keys(BIBLIOGRAPHY),
    )
    outputs = [tmp_path / "manuscript.pdf", tmp_path / "again.pdf"]
    for output in outputs:
        write_manuscript(said, TEMPLATE, BIBLIOGRAPHY, output, tmp_path)
    first, second = (output.read_bytes() for output in outputs)
    assert first.startswith(b"%PDF")
    assert first == second
    assert b"/MarkInfo" in first, "the PDF is not tagged, so no program can read it aloud"


def test_every_verdict_has_its_colour() -> None:
    colours = TEMPLATE.read_text(encoding="utf-8").partition("#let verdict-colours = (")[2].partition("\n)")[0]
    assert tuple(re.findall(r'"([a-z ]+)": ', colours)) == VERDICTS
