"""The fork server: what its children say and how they end; and that it ends with its workflow."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infwidth.workflow import forks

ASK = Path(forks.__file__).with_name("ask.py")


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a workflow, and the environment that it gives its jobs."""
    monkeypatch.chdir(tmp_path)
    process = subprocess.Popen(["sleep", "60"])
    monkeypatch.setenv("INFWIDTH_FORKS", f".snakemake/infwidth/here-{process.pid}.sock")
    monkeypatch.setenv("INFWIDTH_TOLD", "--scale smoke")
    yield process
    process.kill()
    process.wait()


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(ASK), *arguments, "--log", "a.log"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ended(path: Path) -> bool:
    until = time.monotonic() + 20
    while path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not path.exists()


def test_a_job_says_what_is_wrong_and_fails(workflow: subprocess.Popen[bytes]) -> None:
    for _ in range(2):  # by a server that starts, and by one that is there
        done = ask("figure", "nothing")
        assert done.returncode == 1
        assert done.stderr == "error: there is no figure 'nothing'\n"
    assert Path(os.environ["INFWIDTH_FORKS"]).is_socket()
    workflow.kill()
    workflow.wait()
    assert ended(Path(os.environ["INFWIDTH_FORKS"]))


def test_without_a_server_the_job_is_done_all_the_same(
    workflow: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFWIDTH_FORKS", "")
    done = ask("figure", "nothing")
    assert (done.returncode, done.stderr) == (1, "error: there is no figure 'nothing'\n")
    assert not Path(".snakemake").exists()


def test_a_server_of_a_dead_workflow_does_not_start(
    workflow: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow.send_signal(signal.SIGKILL)
    workflow.wait()
    done = ask("figure", "nothing")
    assert done.stderr == "error: there is no figure 'nothing'\n"
    assert ended(Path(os.environ["INFWIDTH_FORKS"]))
