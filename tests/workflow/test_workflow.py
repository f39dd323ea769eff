"""The whole workflow at smoke scale, as a stranger runs it: once, again, killed, redrawn, published, misspelt."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from infwidth.experiments.papers import load_paper, paper_names
from infwidth.results.cell_file import read_provenance
from infwidth.results.tables import read_table

from .conftest import ROOT, clone, environment, snakemake

pytestmark = pytest.mark.workflow


def _digests(project: Path, *patterns: str) -> dict[str, str]:
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in patterns
        for path in sorted(project.glob(pattern))
    }


def _jobs(output: str) -> dict[str, int]:
    """Return rule → number of jobs, from the statistics of a (dry) run."""
    jobs: dict[str, int] = {}
    lines = output.splitlines()
    if "Job stats:" in lines:
        for line in lines[lines.index("Job stats:") + 3 :]:
            if not line.strip():
                break
            name, count = line.split()
            jobs[name] = int(count)
    return jobs


def test_everything_is_there(smoke: Path) -> None:
    results = smoke / "results" / "smoke"
    for paper in paper_names():
        loaded = load_paper(paper, "smoke")
        for figure in loaded.figures:
            for suffix in ("pdf", "png"):
                assert (results / "figures" / paper / f"{figure.name}.{suffix}").stat().st_size > 5000
        for experiment in loaded.cells:
            assert len(read_table(results / "tables" / paper / f"{experiment}.parquet")) > 0
    claims = pd.read_csv(results / "claims.csv")
    assert set(claims.paper) == set(paper_names())
    report = (results / "report.html").read_text(encoding="utf-8")
    for figure in (f.rule for paper in paper_names() for f in load_paper(paper, "smoke").figures):
        assert figure in report


def test_at_the_base_width_ntk_and_mup_are_one_training_to_the_bit(smoke: Path) -> None:
    table = read_table(smoke / "results" / "smoke" / "tables" / "harvard2024" / "width_sweep.parquet")
    nets = table[(table.of == "net") & (table.width == table.width.min())]
    numbers = nets.pivot(index=["lr", "seed", "step", "metric", "layer", "index"], columns="rule", values="value")
    assert len(numbers) > 20
    assert (numbers.ntk == numbers.mup).all()


def test_a_second_run_does_nothing(smoke: Path) -> None:
    again = snakemake(smoke)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_figures_that_are_gone_are_drawn_again_to_the_same_bytes(smoke: Path) -> None:
    patterns = ("results/smoke/figures/*/*.pdf", "results/smoke/figures/*/*.png")
    before = _digests(smoke, *patterns)
    shutil.rmtree(smoke / "results" / "smoke" / "figures" / "msr2021")
    done = snakemake(smoke, "figures")
    assert done.returncode == 0, done.stdout
    drawn = {figure.rule for figure in load_paper("msr2021", "smoke").figures}
    assert set(_jobs(done.stdout)) == {"figures", "total", *drawn}
    assert _digests(smoke, *patterns) == before


def test_one_figure_runs_only_what_it_needs(smoke: Path, tmp_path: Path) -> None:
    project = clone(tmp_path / "fresh")
    planned = snakemake(project, "--dry-run", "harvard2024_mup_vs_ntk")
    assert _jobs(planned.stdout) == {
        "harvard2024_mup_vs_ntk": 1,
        "table": 1,
        "cell": 4,
        "prepare_data": 1,
        "total": 7,
    }


def test_a_change_of_code_is_due_where_it_is_used(smoke: Path) -> None:
    """Of a figure it is due there, of claims in their paper's, and new modules that nothing uses are due nowhere."""
    changed = ("papers/harvard2024/figures/logits.py", "papers/msr2021/claims.py", "models/new.py", "limits/new.py")
    sources = [smoke / "src" / "infwidth" / file for file in changed]
    originals = [source.read_text() if source.exists() else "" for source in sources]
    try:
        for source, original in zip(sources, originals, strict=True):
            source.write_text(original + "\nA_CHANGE = True\n")
        done = snakemake(smoke, "--dry-run", "figures", "claims")
    finally:
        for source, original in zip(sources, originals, strict=True):
            source.write_text(original) if original else source.unlink()
    planned = _jobs(done.stdout)
    assert {name: count for name, count in planned.items() if name not in ("total", "figures")} == {
        "harvard2024_logits": 1,
        "paper_claims": 1,
        "claims": 1,
    }
    assert "claims of msr2021" in done.stdout


def test_a_change_of_a_model_computes_its_cells(smoke: Path) -> None:
    source = smoke / "src" / "infwidth" / "models" / "conv_mixer.py"
    original = source.read_text()
    try:
        source.write_text(original + "\nA_CHANGE = True\n")
        planned = _jobs(snakemake(smoke, "--dry-run", "figures").stdout)
    finally:
        source.write_text(original)
    cells = {cell.id: cell.spec for table in load_paper("karkada2024", "smoke").cells.values() for cell in table}
    assert planned["cell"] == sum(spec.kind == "train" and spec.model.name == "conv_mixer" for spec in cells.values())
    assert {name for name in planned if name.startswith(("vyas", "harvard", "yang"))} == set()


def test_remarks_checkouts_copies_and_clocks_compute_nothing(smoke: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(smoke, tmp_path / "moved", symlinks=True, copy_function=shutil.copyfile))
    for path in (moved / "src").rglob("*.py"):
        path.write_bytes(path.read_bytes() + b"# a remark\n")
    shutil.rmtree(moved / ".snakemake")
    chance = random.Random(5)
    for path in [*(moved / "results").rglob("*"), *(moved / "src").rglob("*")]:
        when = time.time() + chance.choice([-1e9, -3600, 0, 3600, 1e9])
        os.utime(path, (when, when))
    done = snakemake(moved, "harvard2024", "lee2019", "mei2018", "yang2021")
    assert done.returncode == 0, done.stdout
    patterns = ("results/smoke/figures/*/*.*", "results/smoke/tables/*/*.parquet", "results/cells/*/*.parquet")
    assert _digests(moved, *patterns) == _digests(smoke, *patterns)


def test_published_tables_redraw_figures_to_the_same_bytes_and_train_nothing(smoke: Path, tmp_path: Path) -> None:
    done = snakemake(smoke, "publish")
    assert done.returncode == 0, done.stdout
    published = smoke / "results" / "published" / "smoke"
    manifest = json.loads((published / "MANIFEST.json").read_text())
    assert manifest["sha256"] == {
        name.removeprefix("results/published/smoke/"): digest
        for name, digest in _digests(smoke, "results/published/smoke/**/*.*").items()
        if not name.endswith(("MANIFEST.json", ".md"))  # pages are made of the rest, and may be made anew
    }
    project = clone(tmp_path / "redraw")
    shutil.copytree(published, project / "results" / "published" / "smoke")
    one_of_each = [next(iter(load_paper(paper, "smoke").figures)).rule for paper in paper_names()]
    redrawn = snakemake(project, *one_of_each, "claims", tables="published")
    assert redrawn.returncode == 0, redrawn.stdout
    assert not {"cell", "table", "prepare_data"} & set(_jobs(redrawn.stdout))
    drawn = _digests(project, "results/smoke/figures/*/*.p*")
    assert len(drawn) == 2 * len(one_of_each)
    assert drawn == {name: _digests(smoke, name)[name] for name in drawn}
    assert (project / "results/smoke/claims.csv").read_bytes() == (smoke / "results/smoke/claims.csv").read_bytes()

    refused = snakemake(smoke, "publish", figures="yang2021slides_table_abc")
    assert refused.returncode != 0
    assert "would be lost" in refused.stdout
    assert json.loads((published / "MANIFEST.json").read_text()) == manifest


def test_cost_is_known_before_running(smoke: Path) -> None:
    done = snakemake(smoke, "cost")
    assert done.returncode == 0, done.stdout
    (row,) = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("harvard2024_mup_vs_ntk ")]
    cells = len(load_paper("harvard2024", "smoke").cells["width_sweep"])
    assert row[1:4] == ["smoke", str(cells), str(cells)]
    assert float(row[4]) > 0
    assert float(row[5]) == 0


def test_a_cell_runs_by_itself_and_is_taken_over(smoke: Path, tmp_path: Path) -> None:
    def infwidth(*arguments: str, cwd: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "infwidth", *arguments],
            cwd=cwd,
            env=environment(smoke),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    infwidth("cells", "--scale", "smoke", "--figure", "harvard2024_ntk_vs_width", "--to", str(tmp_path), cwd=smoke)
    spec = sorted(tmp_path.glob("*.json"))[0]
    infwidth("cell", str(spec), "--to", str(tmp_path), cwd=tmp_path)
    target = smoke / "results" / "cells" / "train" / f"{spec.stem}.parquet"
    before = pd.read_parquet(target)
    infwidth("adopt", str(tmp_path / f"{spec.stem}.parquet"), cwd=smoke)
    pd.testing.assert_frame_equal(pd.read_parquet(target), before, check_exact=True)
    assert read_provenance(target)[1]["dataset"] == "mnist5k"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": "smok"}, "scale: 'smok' is not known (did you mean 'smoke'?)"),
        ({"datadir": "x"}, "unknown key 'datadir' (did you mean 'data_dir'?)"),
        ({"tables": "published"}, "results/published/smoke"),
        ({"figures": "harvard204"}, "no figure 'harvard204' (did you mean 'harvard2024'?)"),
    ],
)
def test_bad_config_is_refused_with_file_key_and_value(tmp_path: Path, config: dict[str, str], message: str) -> None:
    done = snakemake(clone(tmp_path / "clone"), "--dry-run", **config)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Traceback" not in done.stdout


def test_absent_data_without_network_says_what_where_and_how(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "results/data/cifar10/record.json"],
        cwd=project,
        # A proxy that nobody listens to: no network, whatever the machine has.
        env={**environment(project), "https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "cifar10" in done.stdout
    assert "data" in done.stdout
    assert "https://" in done.stdout
    assert not (project / "results" / "data" / "cifar10").exists()


def test_snakefiles_are_formatted_and_lint_clean() -> None:
    files = [str(ROOT / "Snakefile"), *map(str, sorted((ROOT / "rules").glob("*.smk")))]
    formatted = subprocess.run(["snakefmt", "--check", *files], capture_output=True, text=True, check=False)
    assert formatted.returncode == 0, formatted.stderr
    lint = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_python_is_formatted_linted_and_typed() -> None:
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_part_never_replaces_the_whole(smoke: Path) -> None:
    whole = _digests(smoke, "results/smoke/claims.csv", "results/smoke/claims/*", "results/smoke/pages/**/*.html")
    done = snakemake(smoke, "claims", "pages", figures="mei2018_radial")
    assert done.returncode == 0, done.stdout
    assert whole == _digests(
        smoke, "results/smoke/claims.csv", "results/smoke/claims/*", "results/smoke/pages/**/*.html"
    )
    claims = pd.read_csv(smoke / "results" / "smoke" / "only" / "mei2018_radial" / "claims.csv")
    assert set(claims.paper) == {"mei2018"}
    assert "not run" not in set(claims.verdict[claims.figure == "radial"])
