"""The report as a person opens it: in a browser, without a server or a network. Skipped where there is no Chromium."""

import shutil
import subprocess
from pathlib import Path

import pytest

from infwidth.experiments.papers import load_paper, paper_names

from .conftest import ROOT

pytestmark = pytest.mark.workflow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_report_opens_and_lists_every_paper(smoke: Path, tmp_path: Path) -> None:
    report = smoke / "results" / "smoke" / "report.html"
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path}", "--virtual-time-budget=8000", "--dump-dom", report.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for paper in paper_names():
        title = load_paper(paper, "smoke", ROOT / "config" / "schemas").title
        assert title in done.stdout, f"the report's page does not show '{title}'"
    assert "Claims" in done.stdout
