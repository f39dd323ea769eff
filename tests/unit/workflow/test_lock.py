"""Snakemake's lock is taken over from the dead, and from nobody else."""

import subprocess
import sys
from pathlib import Path

from infwidth.workflow.lock import take_over

HOLD = (
    "import sys; from pathlib import Path; from infwidth.workflow.lock import take_over; "
    "print(take_over(Path('kept'), Path('locks')), flush=True); sys.stdin.read()"
)


def hold(folder: Path) -> tuple[subprocess.Popen[str], bool]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, process.stdout.readline() == "True\n"


def test_a_lock_is_taken_over_when_its_owner_is_dead(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "0.input.lock"
    lock.parent.mkdir()
    owner, removed = hold(tmp_path)
    assert not removed
    lock.touch()
    other, removed = hold(tmp_path)
    assert not removed
    assert lock.exists()
    for process in (owner, other):
        process.kill()
        process.wait()
    last, removed = hold(tmp_path)
    assert removed
    assert not lock.exists()
    last.kill()
    last.wait()


def test_a_lock_that_no_run_of_ours_left_stays(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "0.input.lock"
    lock.parent.mkdir()
    lock.touch()
    assert not take_over(tmp_path / "kept", lock.parent)
    assert lock.exists()


def test_a_lock_of_another_machine_stays(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "0.input.lock"
    lock.parent.mkdir()
    lock.touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "run.lock").write_text("another")
    assert not take_over(tmp_path / "kept", lock.parent)
    assert lock.exists()
