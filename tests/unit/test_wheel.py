"""The package as others install it: from a wheel, in an environment of its own, without the repository or a network."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What the core does without: these come with the extras.
EXTRAS = (
    *("gensim", "jinja2", "matplotlib", "mlxtend", "numba", "seaborn", "snakemake", "snakemake_executor_plugin_slurm"),
    *("torchvision", "typst"),
)


def _run(*command: object, cwd: Path) -> str:
    """Run a command with no way to the network or to this checkout; return what it prints."""
    environment = {"PATH": "/usr/bin:/bin", "https_proxy": "http://127.0.0.1:9", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment that holds the wheel, and the packages of this one but the extras."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    offline = ("--no-index", "--no-deps")
    _run(*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", folder, source, cwd=folder)
    (wheel,) = folder.glob("infwidth-*.whl")

    venv.create(folder / "environment", symlinks=True)
    site = next((folder / "environment" / "lib").glob("python*/site-packages"))
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if package.stem not in EXTRAS and not package.name.startswith(("infwidth", "__", "distutils-precedence")):
            (site / package.name).symlink_to(package)
    _run(*pip, "--python", folder / "environment" / "bin" / "python", "install", *offline, wheel, cwd=folder)
    return folder / "environment" / "bin"


def test_it_is_the_wheel_and_typed(installed: Path, tmp_path: Path) -> None:
    code = "import infwidth, pathlib; p = pathlib.Path(infwidth.__file__).parent; print(p, (p / 'py.typed').exists())"
    place, typed = _run(installed / "python", "-c", code, cwd=tmp_path).split()
    assert Path(place).is_relative_to(installed.parent)
    assert typed == "True"


def test_the_core_needs_no_extra(installed: Path, tmp_path: Path) -> None:
    code = """
import torch
from infwidth.parametrization import parametrize

def net(width):
    return torch.nn.Sequential(torch.nn.Linear(8, width), torch.nn.ReLU(), torch.nn.Linear(width, 2))

model = net(64)
plan = parametrize(model, net(16), "mup", optimizer="sgd", lr=0.1, delta_model=net(32))
plan.init_(model, seed=0)
print(len(plan.optimizer(model).param_groups) > 0)
import infwidth.limits, infwidth.training.trainer, infwidth.solve
"""
    assert _run(installed / "python", "-c", code, cwd=tmp_path) == "True\n"


def test_published_tables_are_read_from_a_clone(installed: Path, tmp_path: Path) -> None:
    described = _run(installed / "infwidth", "--root", ROOT, "table", "mei2018_radial", cwd=tmp_path)
    assert "mei2018.particles" in described
    code = f"import infwidth; print(len(infwidth.load('mei2018.reduced', root={str(ROOT)!r})))"
    assert int(_run(installed / "python", "-c", code, cwd=tmp_path)) > 0


def test_without_a_clone_the_command_says_what_is_missing(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "infwidth", "table", "mei2018_radial"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no published results; run in a clone of the repository, or name it with --root" in done.stderr
    assert done.stderr.count("\n") == 1


def test_cells_are_described_and_computed_without_the_workflow(installed: Path, tmp_path: Path) -> None:
    options = ("--scale", "smoke", "--figure", "yang2021slides_degeneracy", "--to", "specs")
    _run(installed / "infwidth", "cells", *options, cwd=tmp_path)
    spec = min((tmp_path / "specs").glob("*.json"))
    _run(installed / "infwidth", "cell", spec, "--to", "done", cwd=tmp_path)
    assert (tmp_path / "done" / f"{spec.stem}.parquet").exists()


def test_the_catalog_is_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    lines = _run(installed / "infwidth", "catalog", cwd=tmp_path).splitlines()
    assert lines[-1].startswith("166 figures: ")
