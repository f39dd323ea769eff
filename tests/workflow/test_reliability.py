"""Accidents and malice: kills, two runs at once, full disks, damaged files, wrong clocks, poor locales, hostile values.

All on one small figure, whose cells need no data.
"""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from infwidth.data.load import load_data
from infwidth.errors import DataError, InfwidthError
from infwidth.files import write_text
from infwidth.plotting.save import save_figure
from infwidth.results.cell_file import write_cell
from infwidth.results.rows import Rows
from infwidth.results.tables import read_table
from infwidth.training import checkpoint
from infwidth.workflow.folders import check_writable
from infwidth.workflow.job import job
from infwidth.workflow.prepared import damaged_data

from .conftest import ROOT, clone, environment, snakemake

pytestmark = pytest.mark.workflow

FIGURE = "yang2021slides_degeneracy"
TABLE = "results/smoke/tables/yang2021slides/gauge_orbit.parquet"
TABLES = "results/smoke/tables/*/*.parquet"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the figure has been drawn."""
    project = clone(tmp_path_factory.mktemp("built") / "clone")
    done = snakemake(project, "figures", figures=FIGURE)
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A copy of the clone, times of files and Snakemake's records included, that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / "copy", symlinks=True))


def _start(project: Path, *targets: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "2", *targets),
            *("--config", "scale=smoke", "device=cpu", f"figures={FIGURE}"),
        ],
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _contents(project: Path, pattern: str) -> dict[str, str]:
    found = {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.glob(pattern)
    }
    assert found, pattern
    return found


def _python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment(ROOT), capture_output=True, text=True, check=False
    )


def test_a_second_workflow_at_the_same_time_is_refused(copy: Path) -> None:
    before = _contents(copy, TABLES)
    shutil.rmtree(copy / "results" / "smoke")
    first = _start(copy, "tables")
    try:
        until = time.monotonic() + 60
        while not list((copy / ".snakemake" / "locks").glob("*.lock")):
            assert first.poll() is None, "the first workflow ended before it locked anything"
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(first.pid, signal.SIGSTOP)  # so that it is there for as long as the second one looks
        second = snakemake(copy, "tables", figures=FIGURE)
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout
    assert "no other Snakemake process" in " ".join(second.stdout.split())
    assert "Traceback" not in second.stdout
    assert first.wait(timeout=120) == 0
    assert _contents(copy, TABLES) == before


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    (project / "results").mkdir()
    (project / "results" / "smoke").touch()
    done = snakemake(project, "figures", figures=FIGURE)
    assert done.returncode != 0
    assert "results/smoke: there is a file where the workflow needs a folder" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    (project / "results").mkdir(mode=0o555)
    done = snakemake(project, "figures", figures=FIGURE)
    assert done.returncode != 0
    assert "results: this folder cannot be written to" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_check_of_folders_asks_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_writable([str(tmp_path / "not" / "yet" / "there")])
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InfwidthError, match="this folder cannot be written to"):
        check_writable([str(tmp_path / "not" / "yet" / "there")])


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where it can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
        )
    except OSError:
        pytest.skip("there is no command mount")
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # lazy: torch.save that failed keeps its file open


def _large_rows() -> pd.DataFrame:
    rows = Rows(0.1, 0)
    rows.add(0, "kernel", np.random.default_rng(0).normal(size=50_000))
    return rows.frame()


WRITERS: dict[str, Callable[[Path], None]] = {
    "cell": lambda path: write_cell(path, _large_rows(), {}, {}),
    "table": lambda path: write_text(path, "1\n" * 100_000),
    "checkpoint": lambda path: checkpoint.save(path, {"cell": "a", "x": torch.ones(100_000)}),
    "figure": lambda path: save_figure(_large_figure(), path.with_suffix(".png")),
}


def _large_figure() -> Figure:
    figure = Figure()
    figure.figimage(np.random.default_rng(0).integers(0, 255, (400, 400, 3)).astype(np.uint8))
    return figure


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_is_said_in_one_line(
    what: str, tiny_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tiny_disk / ("file.png" if what == "figure" else "file")
    old.write_text("old")
    with pytest.raises(SystemExit), job(str(tiny_disk / "job.log")):
        WRITERS[what](tiny_disk / "file")
    assert {path.name: path.read_text() for path in tiny_disk.iterdir() if path.name != "job.log"} == {old.name: "old"}
    said = capsys.readouterr().err
    assert said.startswith("error: the disk is full")
    assert said.count("\n") == 1


def test_a_disk_with_no_room_for_a_log_is_said_in_one_line(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (tiny_disk / "filler").write_bytes(bytes(1 << 20))
    code = (
        "from pathlib import Path\n"
        "from infwidth.workflow.job import job\n"
        "from infwidth.files import write_text\n"
        f"with job({str(tiny_disk / 'job.log')!r}): write_text(Path({str(tiny_disk / 'file')!r}), 'x' * 100)"
    )
    done = _python(code, cwd=tiny_disk)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the disk is full")
    assert done.stderr.count("\n") == 1
    assert not (tiny_disk / "file").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS])
def test_an_error_of_the_disk_at_the_last_moment_is_said_in_one_line(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SystemExit), job(str(tmp_path / "job.log")):
        write_text(tmp_path / "file", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "run the same command again" in said


def test_an_error_of_the_code_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(str(tmp_path / "job.log")):
        print(1 / 0)


@pytest.mark.parametrize("damage", [b"", b"\n", b"\x00\xff" * 100, b"lr,seed\n0.1,1\n", "cut", "start"])
def test_a_damaged_table_is_named(damage: bytes | str, built: Path, tmp_path: Path) -> None:
    whole = (built / TABLE).read_bytes()
    read_table(built / TABLE)
    cut = {"cut": whole[:-5], "start": whole[:100]}
    table = tmp_path / "table.parquet"
    table.write_bytes(damage if isinstance(damage, bytes) else cut[damage])
    with pytest.raises(DataError, match=r"table\.parquet: not a whole table .*delete it and run the workflow again"):
        read_table(table)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("x_train.npy", lambda content: content[:1000]),
        ("y_test.npy", lambda content: b""),
        ("record.json", lambda content: content[:40]),
        ("record.json", lambda content: b"[]"),
    ],
)
def test_damaged_prepared_data_is_named(
    file: str,
    damage: Callable[[bytes], bytes],
    mnist5k: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("results/data/mnist5k")
    shutil.copytree(mnist5k, folder)
    assert damaged_data(folder.parent) == []
    path = folder / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SystemExit), job("job.log"):
        load_data(
            folder.parent,
            {"name": "mnist5k", "image_size": 14, "train_size": 100, "test_size": 50, "normalization": "unit"},
        )
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path} is damaged")
    assert f"delete the folder {folder} and run the same command again" in said
    assert said.count("\n") == 1


def test_without_a_locale_published_figures_are_drawn(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    shutil.copytree(ROOT / "results" / "published" / "laptop", project / "results" / "published" / "laptop")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "2", "figures"),
            *("--config", "tables=published", "figures=yang2021slides_table_abc"),
        ],
        cwd=project,
        env={**environment(project), "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert (project / "results/laptop/figures/yang2021slides/table_abc.png").stat().st_size > 5000


HOSTILE = """; touch x; $(touch x) `touch x` ' touch x ' " | touch x # {x}"""


def test_a_hostile_data_folder_is_a_name_and_nothing_more(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    done = snakemake(project, "results/data/mnist5k/record.json", data_dir=HOSTILE)
    assert done.returncode == 0, done.stdout
    assert not list(tmp_path.rglob("x"))


def test_a_hostile_figure_is_refused_as_unknown(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    done = snakemake(project, "figures", figures=HOSTILE + "\n; touch x")
    assert done.returncode != 0
    assert "config: figures: no figure '; touch x; $(touch x)" in done.stdout
    assert "Traceback" not in done.stdout
    assert not list(tmp_path.rglob("x"))
