"""What makes the two commands work: ./run, the lock, and the conda environment in step with it."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def _locked() -> list[tuple[str, Version]]:
    """A package is there once for each range of Python versions that needs its own pin."""
    pins = re.findall(r"^([A-Za-z0-9_.\-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return [(name.lower().replace("_", "-"), Version(version)) for name, version in pins]


def test_the_lock_pins_every_requirement_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = _locked()
    for text in [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]:
        requirement = Requirement(text)
        if requirement.name == project["name"]:  # one extra that brings others
            assert requirement.extras <= set(project["optional-dependencies"]), text
            continue
        versions = [version for name, version in locked if name == requirement.name.lower().replace("_", "-")]
        assert versions, f"{text} is not locked"
        assert all(map(requirement.specifier.contains, versions)), f"{text} is locked at {versions}"


def test_every_locked_package_has_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9_.\-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(_locked())
    assert all("--hash=sha256:" in block for block in blocks)


def test_conda_environment_is_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert "--requirement requirements.lock" in pip
    (python,) = [item for item in environment["dependencies"] if isinstance(item, str) and item.startswith("python ")]
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert python.split()[1] == requires


def _copy_of_run(tmp_path: Path) -> Path:
    (tmp_path / "run").write_bytes((ROOT / "run").read_bytes())
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "requirements.lock").write_text("# nothing to install\n")
    return tmp_path / "run"


def _run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that makes environments by copying one that was made once, for tests of what is around the making."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder / "made", with_pip=True, symlinks=True)
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] || exec "{sys.executable}" "$@"\n'
        f'mkdir -p "$3" && cp -R "{folder}/made/." "$3"\n'
    )
    python.chmod(0o755)
    return str(python)


def test_run_makes_its_environment_once(tmp_path: Path) -> None:
    run = _copy_of_run(tmp_path)
    first = _run([str(run), "python", "-c", "import sys; print(sys.prefix)"])
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip() == str(tmp_path / ".venv")
    assert "installing" in first.stderr
    second = _run([str(run), "python", "-c", "print(1)"])
    assert second.stderr == ""
    (tmp_path / "requirements.lock").write_text("# changed\n")
    assert "installing" in _run([str(run), "python", "-c", "print(1)"]).stderr


def test_run_knows_the_command_of_the_package(copying: str, tmp_path: Path) -> None:
    run = _copy_of_run(tmp_path)
    (tmp_path / "src" / "infwidth").mkdir(parents=True)
    (tmp_path / "src" / "infwidth" / "__main__.py").write_text("import sys; print(sys.argv[1:])")
    assert _run([str(run), "infwidth", "table", "a b"], PYTHON=copying).stdout == "['table', 'a b']\n"


def test_in_a_folder_with_a_space_the_interpreter_has_none(copying: str, tmp_path: Path) -> None:
    """Snakemake does not quote the interpreter of its scripts."""
    (tmp_path / "a folder").mkdir()
    run = _copy_of_run(tmp_path / "a folder")
    cache = tmp_path / "cache"
    command = [str(run), "python", "-c", "import sys; print(sys.executable)"]
    done = _run(command, PYTHON=copying, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(cache))
    assert " " not in done.stdout


def test_two_at_once_do_not_corrupt_it(copying: str, tmp_path: Path) -> None:
    run = _copy_of_run(tmp_path)
    started = [
        subprocess.Popen(
            [run, "python", "-c", "print('ok')"],
            env={**os.environ, "PYTHON": copying},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [out for out, _ in outputs] == ["ok\n"] * 3
    assert sum("installing 0 packages" in err for _, err in outputs) == 1
    assert not (tmp_path / ".venv.lock").exists()


def test_a_lock_left_by_a_dead_run_is_taken_over(copying: str, tmp_path: Path) -> None:
    run = _copy_of_run(tmp_path)
    (tmp_path / ".venv.lock").mkdir()
    (tmp_path / ".venv.lock" / "pid").write_text("999999999\n")
    assert _run([str(run), "python", "-c", "print('ok')"], PYTHON=copying).stdout == "ok\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "no 'missing-python' found: install Python 3.11 or later"),
        ("#!/bin/sh\ncase $2 in *exit*) exit 1;; *) echo 3.9.2;; esac\n", "is Python 3.9.2, too old"),
    ],
)
def test_a_missing_or_old_python_is_said_clearly(tmp_path: Path, script: str | None, message: str) -> None:
    run, python = _copy_of_run(tmp_path), "missing-python"
    if script:
        python = str(tmp_path / "python")
        Path(python).write_text(script)
        Path(python).chmod(0o755)
    done = _run([str(run), "true"], PYTHON=python)
    assert done.returncode == 1
    assert message in done.stderr


def test_ci_runs_the_readmes_command() -> None:
    assert "./run pytest" in (ROOT / ".ci" / "run").read_text().splitlines()
    readme = (ROOT / "README.md").read_text()
    assert "./run pytest" in readme
    assert "./run snakemake --cores all" in readme
