"""The fork servers: what their children say and how they end; and that they end with their workflow."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import graph
from infwidth.plan.places import KEPT
from infwidth.workflow import forks

ASK = Path(forks.__file__).with_name("ask.py")


def server(kind: str) -> Path:
    """Return the socket of the server for cells, or for what is made of tables."""
    place = Path(os.environ["INFWIDTH_FORKS"])
    return place.with_name(f"{kind}-{place.name}")


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a workflow, and the environment that it gives its jobs."""
    monkeypatch.chdir(tmp_path)
    process = subprocess.Popen(["sleep", "60"])
    monkeypatch.setenv("INFWIDTH_FORKS", str(forks.address(KEPT, process.pid)))
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
    assert server("tables").is_socket()
    assert not server("cells").exists()
    assert ask("cell", "nothing").stderr == "error: there is no cell 'nothing'\n"
    assert server("cells").is_socket()
    workflow.kill()
    workflow.wait()
    assert ended(server("tables"))
    assert ended(server("cells"))


def test_what_is_made_of_tables_loads_no_torch() -> None:
    """It is half of the memory of a server, and of the time of a fork."""
    plan = graph("smoke")
    jobs = [("figure", figure.rule) for figure in plan.figures] + [("claims", name) for name in plan.papers]
    jobs += [("table", "/".join(plan.tables[0]))]
    script = (
        "import sys\nfrom infwidth.workflow import tasks\nfor kind, name in [line.split() for line in sys.stdin]:\n"
    )
    script += "    tasks.load_modules([kind, name, '--log', 'a.log', '--scale', 'smoke'])\n"
    script += "print(sorted({'torch', 'numba', 'scipy', 'seaborn'} & set(sys.modules)))"
    named = "\n".join(" ".join(job) for job in jobs)
    done = subprocess.run([sys.executable, "-c", script], input=named, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['scipy', 'seaborn']"


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
    assert ended(server("tables"))
