"""Papers and data sets of one's own, by the workflow: from the folder to the report, and what an edit runs again."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import infwidth
from infwidth.places import OWN_PAPERS
from infwidth.workflow.targets import RULES

from .conftest import ROOT, clone, snakemake

pytestmark = pytest.mark.workflow

SETS = """\
shapes:
  kind: images
  title: Shapes
  file: shapes.npz
  channels: 1
  side: 12
  n_classes: 4
  n_test: 80
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder, at a path with a space, on images of one's own."""
    folder = tmp_path_factory.mktemp("own") / "my papers"
    shutil.copytree(ROOT / "examples" / "own_papers", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data_sets.yaml").write_text(SETS)
    _edit(
        folder / "digits2026" / "experiments.yaml",
        "name: mnist5k\n      image_size: 14",
        "name: shapes\n      image_size: null",
    )
    _edit(folder / "digits2026" / "experiments.yaml", "test_size: {smoke: 64, laptop: 500}", "test_size: 64")
    pixels = np.random.default_rng(0).integers(0, 256, (240, 12, 12)).astype(np.uint8)
    labels = np.arange(240) % 4
    np.savez(
        folder / "shapes.npz", x_train=pixels[:160], y_train=labels[:160], x_test=pixels[160:], y_test=labels[160:]
    )
    return folder


@pytest.fixture(scope="module")
def project(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which everything of one's own paper has been made."""
    project = clone(tmp_path_factory.mktemp("clone"))
    done = _run(project, folder)
    assert done.returncode == 0, done.stdout
    return project


def _run(project: Path, folder: Path, *targets: str, **config: str) -> subprocess.CompletedProcess[str]:
    return snakemake(project, *targets, papers_dir=str(folder), **{"figures": "digits2026", **config})


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _jobs(output: str) -> list[str]:
    return re.findall(r"^Job \d+: (.*)$", output, flags=re.MULTILINE)


def test_it_is_drawn_judged_and_in_the_report(project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = project / "results" / "smoke" / "only" / "digits2026_losses"
    assert (project / "results" / "smoke" / "figures" / "digits2026" / "losses.png").stat().st_size > 5000
    claims = pd.read_csv(told / "claims.csv")
    assert claims["claim"].tolist() == ["wider_is_better"]
    assert claims["verdict"].isin(["reproduced", "inconclusive", "not reproduced"]).all()
    page = (told / "pages" / "papers" / "digits2026.html").read_text()
    assert "In μP the wider of two two-layer nets" in page
    assert "160" not in page  # not all images are trained on
    assert "64 training images of Shapes" in page
    catalog = pd.read_csv(told / "catalog.csv").set_index("figure")
    assert catalog.loc["digits2026_losses", ["status", "cost"]].tolist() == ["built, not published", "own"]
    assert "digits2026_losses" in (told / "report.html").read_text() or (told / "report.html").stat().st_size > 1 << 20
    monkeypatch.setenv(OWN_PAPERS, str(folder))
    rows = infwidth.load("digits2026_losses", scale="smoke", root=project)
    assert set(rows["width"].dropna()) == {16, 32}


def test_an_edit_runs_again_what_it_changes_and_nothing_else(project: Path, folder: Path) -> None:
    paper = folder / "digits2026"
    assert "Nothing to be done" in _run(project, folder).stdout
    _edit(paper / "figures" / "losses.py", "2.4", "2.5")
    assert _jobs(_run(project, folder, "digits2026").stdout) == ["figure digits2026_losses"]
    _edit(paper / "claims.py", "below(0)", "below(1)")
    assert _jobs(_run(project, folder, "digits2026").stdout) == ["claims of digits2026"]
    (paper / "measured.py").write_text("# a comment\n" + (paper / "measured.py").read_text())
    assert "Nothing to be done" in _run(project, folder, "digits2026").stdout


def test_data_that_are_corrected_are_prepared_and_trained_on_anew(project: Path, folder: Path) -> None:
    with np.load(folder / "shapes.npz") as arrays:
        changed = {name: array[::-1] for name, array in arrays.items()}
    np.savez(folder / "shapes.npz", **changed)
    jobs = _jobs(_run(project, folder, "digits2026").stdout)
    assert jobs[0] == "prepare data set shapes"
    assert sum(job.startswith("cell ") for job in jobs) >= 2
    assert "Nothing to be done" in _run(project, folder, "digits2026").stdout


def test_a_mistake_is_one_line_and_no_traceback(project: Path, folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "digits2026" / "claims.py").unlink()
    done = _run(project, broken, "--dry-run")
    assert done.returncode != 0
    assert "broken/digits2026: there is no claims.py" in done.stdout
    assert "Traceback" not in done.stdout
    (broken / "digits2026").rename(broken / "claims")
    (broken / "claims" / "claims.py").write_text("CLAIMS = ()\n")
    done = _run(project, broken, "--dry-run", figures="all")
    assert "claims/experiments.yaml: 'claims' is a target of the workflow; rename the paper" in done.stdout
    assert "Traceback" not in done.stdout


def test_names_of_rules_are_known(project: Path, folder: Path) -> None:
    lines = _run(project, folder, "--list-rules").stdout.splitlines()
    named = {line.partition(" (")[0] for line in lines if re.match(r"[a-z_0-9]+( \(|$)", line)}
    assert named == RULES | {"digits2026", "digits2026_losses"}


def test_published_tables_are_the_repository_s_only(project: Path, folder: Path) -> None:
    shutil.copytree(ROOT / "results" / "published" / "laptop", project / "results" / "published" / "laptop")
    done = _run(project, folder, "--dry-run", "figures", scale="laptop", figures="all", tables="published")
    assert done.returncode == 0, done.stdout
    assert "digits2026" not in done.stdout
    done = _run(project, folder, "publish", "--until", "publish", figures="digits2026")
    assert done.returncode != 0
    assert "published are the papers of the repository, and digits2026 would be among them" in done.stdout
    assert not (project / "results" / "published" / "smoke").exists()
