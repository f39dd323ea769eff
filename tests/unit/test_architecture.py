"""The house has rooms, and imports point downward only."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "infwidth"

#: What each room may import. Rooms not named as a key may be imported by none but the workflow.
ALLOWED = {
    "errors": set(),
    "files": set(),
    "seeding": set(),
    "places": {"errors"},
    "yaml_file": {"errors"},
    "specs": {"errors", "parametrization"},
    "registry": {"errors"},
    "activations": {"errors"},
    "empirical": {"errors", "activations"},
    "parametrization": {"errors", "files", "seeding"},
    "programs": {"errors", "seeding", "parametrization", "activations", "limits"},
    "models": {"errors", "registry", "activations"},
    "data": {"errors", "files", "places", "seeding", "registry", "specs", "yaml_file"},
    "limits": {"errors", "seeding", "activations"},
    "transfer": {"errors", "files", "parametrization", "analysis", "plotting"},
    "learning_curve": {"errors", "seeding", "activations", "data", "limits"},
    "results": {"errors", "files"},
    "training": {
        "errors",
        "programs",
        "empirical",
        "registry",
        "files",
        "seeding",
        "parametrization",
        "models",
        "data",
        "results",
        "specs",
    },
    "analysis": {"errors", "seeding"},
    "solve": {
        "errors",
        "training",
        "empirical",
        "registry",
        "seeding",
        "parametrization",
        "models",
        "data",
        "activations",
        "limits",
        "programs",
        "results",
        "papers",
        "specs",
    },
    "experiments": {"errors", "papers", "places", "specs", "solve", "yaml_file"},
    "plotting": {"errors", "files", "analysis"},
    "topics": {"errors", "seeding", "analysis", "plotting", "parametrization", "limits"},
    "papers": {
        "errors",
        "places",
        "seeding",
        "activations",
        "analysis",
        "plotting",
        "topics",
        "parametrization",
        "limits",
        "results",
        "specs",
    },
    "plan": {
        "errors",
        "files",
        "places",
        "parametrization",
        "models",
        "data",
        "results",
        "experiments",
        "training",
        "specs",
    },
    "report": {"errors", "files", "places", "analysis", "results", "experiments", "papers", "plan"},
}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _modules(file: Path) -> set[str]:
    """Return the modules of this package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "infwidth":
            if node.module == "infwidth":
                found |= {f"infwidth.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("infwidth.")}
    return found


def _imports(file: Path) -> set[str]:
    return {_room(module) for module in _modules(file)}


@pytest.mark.parametrize("room", ALLOWED)
def test_room_imports_only_what_lies_below(room: str) -> None:
    files = [SOURCE / f"{room}.py"] if (SOURCE / f"{room}.py").exists() else sorted((SOURCE / room).rglob("*.py"))
    assert files, f"room {room} is gone; take it out of ALLOWED"
    for file in files:
        extra = _imports(file) - ALLOWED[room] - {room, ""}
        assert not extra, f"{file.relative_to(SOURCE)} imports {sorted(extra)}"


def test_no_room_is_forgotten() -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if path.is_dir() or path.suffix == ".py"} - {"__pycache__"}
    assert rooms == set(ALLOWED) | {"workflow", "__init__", "__main__"}


@pytest.mark.parametrize("room", ["papers", "topics"])
def test_papers_and_topics_import_others_of_their_kind_never(room: str) -> None:
    for file in sorted((SOURCE / room).glob("*/**/*.py")):
        place = file.relative_to(SOURCE / room)
        for module in _modules(file):
            if module.startswith(f"infwidth.{room}."):
                assert module.split(".")[2] == place.parts[0], f"{place} imports {module}"


def test_figures_and_claims_choose_rows_by_the_methods_of_tables() -> None:
    """A mask by hand is where one of net, ensemble and limit is forgotten."""
    by_hand = re.compile(r"\.metric (==|!=)|\.metric\.isin|\.seed (<|>=) 0")
    files = [file for room in ("papers", "topics", "plotting") for file in sorted((SOURCE / room).rglob("*.py"))]
    for file in files:
        if file.name not in ("limits.py", "solve.py"):  # these make rows
            assert not by_hand.search(file.read_text(encoding="utf-8")), file.relative_to(SOURCE)


def test_a_paper_s_own_computations_know_no_figures_and_claims() -> None:
    files = [*(SOURCE / "papers").glob("*/limits.py"), *(SOURCE / "papers").glob("*/solve.py")]
    assert files
    for file in files:
        extra = _imports(file) - {"errors", "seeding", "parametrization", "activations", "limits", "specs", "results"}
        extra -= {"papers"} if all(m.endswith(".limits") for m in _modules(file) if ".papers." in m) else set()
        assert not extra, f"{file.relative_to(SOURCE)} imports {sorted(extra)}"


def test_reading_the_workflow_loads_nothing_heavy() -> None:
    heavy = ("torch", "pandas", "scipy", "numba", "matplotlib")
    code = (
        "import sys; from infwidth.plan.graph import load_graph; load_graph('laptop'); "
        f"sys.exit(any(name in sys.modules for name in {heavy}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cell_needs_torch_numpy_pandas_pyarrow_and_pydantic_only() -> None:
    """For GPU machines that have nothing else: everything else is hidden, and the cell must still import."""
    hidden = "snakemake yaml jsonschema scipy matplotlib seaborn gensim mlxtend torchvision sklearn mup"
    code = (
        "import sys\n"
        f"for name in {hidden.split()!r}: sys.modules[name] = None\n"
        "import infwidth.experiments.cells, infwidth.workflow.cell, infwidth.training.trainer\n"
        "import infwidth.data.prepare, infwidth.limits.one_step\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
