"""However a run is stopped, the same command goes on; and whatever is due, a run that succeeds has made all of it."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import clone, environment, snakemake

pytestmark = pytest.mark.workflow

#: Its cells need no data, and those of the other do.
FIGURE, TRAINED = "yang2021slides_degeneracy", "harvard2024_mup_vs_ntk"


def with_run(project: Path) -> Path:
    """Give a clone the environment that these tests run in, so that its ./run makes none."""
    (project / "run").chmod(0o755)
    venv = project / ".venv"
    venv.mkdir()
    (venv / "bin").symlink_to(Path(sys.prefix) / "bin")
    lock = subprocess.run(["cksum"], stdin=(project / "requirements.lock").open(), capture_output=True, check=True)
    version = ".".join(map(str, sys.version_info[:3]))
    (venv / "infwidth.stamp").write_text(f"{lock.stdout.decode().strip()} {version} {project.resolve()}\n")
    return project


def start(project: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the README's command."""
    return subprocess.Popen(
        ["./run", "snakemake", "--cores", "2", *arguments, "--config", "scale=smoke", "device=cpu"],
        cwd=project,
        env={**environment(project), "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def digests(project: Path, pattern: str = "results/smoke/*/*/*.p*") -> dict[str, str]:
    found = {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.glob(pattern)
    }
    assert found
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = with_run(clone(tmp_path_factory.mktemp("built") / "clone"))
    done = snakemake(project, FIGURE, TRAINED)
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A copy of the clone, times of files and Snakemake's records included."""
    project = Path(shutil.copytree(built, tmp_path / "copy", symlinks=True))
    shutil.rmtree(project / ".venv")
    return with_run(project)


def main_alone(group: int) -> None:
    os.kill(group, signal.SIGKILL)


STOPS: dict[str, Callable[[int], None]] = {
    "Ctrl-C": lambda group: os.killpg(group, signal.SIGINT),
    "SIGTERM": lambda group: os.killpg(group, signal.SIGTERM),
    "a closed terminal": lambda group: os.killpg(group, signal.SIGHUP),
    "SIGKILL": lambda group: os.killpg(group, signal.SIGKILL),
    "SIGKILL of the workflow alone": main_alone,
}


def test_stopped_in_any_way_and_again_the_same_command_goes_on(built: Path, tmp_path: Path) -> None:
    """Each run begins where the one before was stopped, some time after it has its lock; the figure is left to do."""
    project = with_run(clone(tmp_path / "stopped"))
    chance, name = random.Random(0), FIGURE.partition("_")[2]
    for how, stop in STOPS.items():
        for drawn in project.glob(f"results/smoke/figures/*/{name}.p*"):
            drawn.unlink()
        begun = time.time() - 0.1  # files have a coarser clock
        started = start(project, FIGURE)
        until = time.monotonic() + 60
        while not any(lock.stat().st_mtime > begun for lock in (project / ".snakemake" / "locks").glob("*.lock")):
            assert started.poll() is None, how
            assert time.monotonic() < until, how
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 1))
        assert started.poll() is None, f"it was over before {how}"
        stop(started.pid)
        started.communicate(timeout=60)
    again = start(project, FIGURE)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said.decode()
    expected = digests(built, f"results/smoke/figures/*/{name}.p*")
    assert digests(project, f"results/smoke/figures/*/{name}.p*") == expected


def test_no_process_outlives_a_killed_workflow(tmp_path: Path) -> None:
    project = with_run(clone(tmp_path / "killed"))
    started = start(project, FIGURE)
    until = time.monotonic() + 60
    while not list((project / ".snakemake" / "infwidth").glob("*.sock")):
        assert started.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    main_alone(started.pid)
    started.communicate(timeout=60)  # until nobody holds its output
    until = time.monotonic() + 20
    while list((project / ".snakemake" / "infwidth").glob("*.sock")):
        assert time.monotonic() < until, "the fork server goes on without its workflow"
        time.sleep(0.1)


def test_a_killed_cell_fails_alone_and_only_it_is_computed_again(copy: Path) -> None:
    cells = sorted((copy / "results" / "cells" / "train").glob("*.parquet"))
    for cell in cells:
        cell.unlink()
    shutil.rmtree(copy / "results" / "smoke")
    victim = cells[0].stem
    started = start(copy, TRAINED)
    until = time.monotonic() + 60
    while not (children := _processes_of(copy, victim)):
        assert time.monotonic() < until
        assert started.poll() is None
        time.sleep(0.01)
    os.kill(children[0], signal.SIGKILL)
    said, _ = started.communicate(timeout=120)
    assert started.returncode != 0
    assert victim in said.decode()
    left = {cell.stem for cell in cells} - {path.stem for path in (copy / "results/cells/train").glob("*.parquet")}
    assert left == {victim}
    again = start(copy, TRAINED)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said.decode()
    assert "1 of 1 cells" in said.decode()


def _processes_of(project: Path, cell: str) -> list[int]:
    """Return the clients that wait for a cell: to kill one kills the child that computes."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            if cell.encode() in words and (place / "cwd").readlink() == project.resolve():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def _data_dir_changed(project: Path) -> None:
    config = project / "config" / "config.yaml"
    config.write_text(config.read_text().replace("data_dir: data", "data_dir: elsewhere"))


def _code_of_data_changed(project: Path) -> None:
    with (project / "src/infwidth/data/image_sources.py").open("a") as text:
        text.write("\nA_CHANGE = 1\n")


def _script_touched(project: Path) -> None:
    (project / "src/infwidth/workflow/scripts/prepare_data.py").touch()


def _record_lost(project: Path) -> None:
    (project / "results/data/mnist5k/record.json").unlink()


def _killed_while_preparing(project: Path) -> None:
    _record_lost(project)
    started = start(project, TRAINED)
    time.sleep(3)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()


TRIGGERS = (_data_dir_changed, _code_of_data_changed, _script_touched, _record_lost, _killed_while_preparing)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_run_that_succeeds_has_made_all_that_was_asked_for(copy: Path, trigger: Callable[[Path], None]) -> None:
    before = digests(copy)
    for made in (copy / "results" / "smoke").glob(f"*/{TRAINED.partition('_')[0]}"):
        shutil.rmtree(made)
    for cell in list((copy / "results" / "cells" / "train").glob("*.parquet"))[:1]:
        cell.unlink()
    trigger(copy)
    done = snakemake(copy, FIGURE, TRAINED)
    assert done.returncode == 0, done.stdout
    assert set(digests(copy)) == set(before)
    figures = "results/smoke/figures/*/*.p*"
    assert digests(copy, figures) == {name: digest for name, digest in before.items() if "/figures/" in name}
    if trigger is _record_lost:  # what was computed on the same data stays
        assert "1 of 1 cells" in done.stdout
    assert "Nothing to be done" in snakemake(copy, FIGURE, TRAINED).stdout


def test_changed_damaged_and_deleted_files_are_made_again(copy: Path) -> None:
    before = digests(copy)
    tables, figures = sorted(copy.glob("results/smoke/tables/*/*")), sorted(copy.glob("results/smoke/figures/*/*"))
    figures[0].write_bytes(b"not what was drawn")
    figures[-1].unlink()
    content = bytearray(tables[0].read_bytes())
    content[len(content) // 2] ^= 4
    tables[0].write_bytes(content)
    tables[-1].unlink()
    done = snakemake(copy, FIGURE, TRAINED)
    assert done.returncode == 0, done.stdout
    assert digests(copy) == before


def test_a_damaged_cell_is_computed_again_where_it_is_needed(copy: Path) -> None:
    before = digests(copy)
    shutil.rmtree(copy / "results" / "smoke")
    cell = sorted((copy / "results" / "cells" / "solve").glob("*.parquet"))[0]
    cell.write_bytes(cell.read_bytes()[:-9])
    done = snakemake(copy, FIGURE, TRAINED)
    assert done.returncode == 0, done.stdout
    assert "1 of 1 cells" in done.stdout
    assert digests(copy) == before
