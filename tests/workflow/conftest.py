"""A clone of the project in a folder of its own, and Snakemake in it."""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infwidth.plan.code import Package
from infwidth.plan.places import KEPT

from .started import snakemake_in_child

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


def _project_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@cache
def _facts_of_code() -> bytes:
    """Compile the sources and return what a workflow keeps of them; both hold wherever a file's time is the same."""
    compileall.compile_dir(ROOT / "src", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        package = Package(ROOT / "src" / "infwidth", kept := Path(folder) / "code.json")
        for file in (ROOT / "src" / "infwidth").rglob("*.py"):
            parts = file.relative_to(ROOT / "src").with_suffix("").parts
            package.facts(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        package.remember()
        return kept.read_bytes()


def clone(target: Path) -> Path:
    """Copy the project, with what a second run finds: compiled sources, and what is known of the code."""
    facts = _facts_of_code()
    for name in _project_files():
        if not name.startswith("results/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for compiled in (ROOT / "src" / "infwidth").rglob("__pycache__"):
        shutil.copytree(compiled, target / compiled.relative_to(ROOT))
    (target / KEPT).mkdir(parents=True)
    (target / KEPT / "code.json").write_bytes(facts)
    return target


def environment(project: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(project / "src"), "LC_ALL": "C.UTF-8"}


def _arguments(*arguments: str, scale: str, **config: str) -> list[str]:
    changed = [f"scale={scale}", "device=cpu", *(f"{key}={value}" for key, value in config.items())]
    return ["--cores", "2", *arguments, "--config", *changed]


def snakemake(project: Path, *arguments: str, scale: str = "smoke", **config: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a clone; the process's standard output and error are in ``stdout`` together."""
    command = _arguments(*arguments, scale=scale, **config)
    with tempfile.NamedTemporaryFile() as output:
        status = snakemake_in_child(command, project, environment(project), Path(output.name))
        said = output.read().decode()
    return subprocess.CompletedProcess(command, status, said)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, at a path with a space and an accent, in which the whole smoke scale has run once."""
    project = clone(tmp_path_factory.mktemp("clone") / "un dépôt")
    arguments = _arguments("--strict-dag-evaluation", "functions", "cyclic-graph", scale="smoke")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return project
