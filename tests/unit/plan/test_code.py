"""What a change of a file reruns, asked of a changed copy of the package: exactly the jobs that use it."""

import ast
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from builders import graph
from infwidth.errors import SpecError
from infwidth.plan import entries
from infwidth.plan.code import Package
from infwidth.specs.cells import Recipe

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "infwidth"
GRAPH = graph("laptop")
#: What was read of the files of this package; in a copy most of them are the same.
REMEMBERED = Path(tempfile.mkdtemp(prefix="code")) / "code.json"


def digests(root: Path) -> dict[str, str]:
    package = Package(root, REMEMBERED)
    found = {
        **{f"cell {cell.id}": package.code_of(entries.of_cell(cell.spec, package)) for cell in GRAPH.cells.values()},
        **{f"figure {f.rule}": package.code_of(entries.of_figure(f.paper, f.name)) for f in GRAPH.figures},
        **{f"claims {paper}": package.code_of(entries.of_claims(paper)) for paper in GRAPH.papers},
        "table": package.code_of(entries.TABLE),
    }
    if root == SOURCE:
        package.remember()
    return found


@cache
def before() -> dict[str, str]:
    return digests(SOURCE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCE, tmp_path / "infwidth", ignore=shutil.ignore_patterns("__pycache__")))


def changed(copy: Path) -> set[str]:
    after = digests(copy)
    return {job for job, digest in before().items() if after[job] != digest}


def cells(test: Callable[[Any], bool]) -> set[str]:
    found = {f"cell {cell.id}" for cell in GRAPH.cells.values() if test(cell.spec)}
    assert found
    return found


TRAININGS = cells(lambda spec: spec.kind == "train")
AT_INFINITY = cells(lambda spec: spec.kind == "solve" and spec.solve.name == "infinite_training")
LOSSES_OF_THEIR_OWN = cells(
    lambda spec: spec.kind == "solve" and spec.solve.name in ("residual_nets", "linear_residual", "resnet_sweep")
)
FIGURES = {f"figure {figure.rule}" for figure in GRAPH.figures}
CLAIMS = {f"claims {paper}" for paper in GRAPH.papers}


def model(name: str) -> set[str]:
    """Return the trainings of a model, those at infinite width included."""

    def of(spec: Any) -> bool:
        trained = spec if spec.kind == "train" else spec.solve
        return isinstance(trained, Recipe) and trained.model.name == name

    return cells(of)


def probe(name: str) -> set[str]:
    return cells(lambda spec: spec.kind == "train" and name in {block.name for block in spec.probes})


def computation(*names: str) -> set[str]:
    return cells(lambda spec: spec.kind == "solve" and spec.solve.name in names)


def of_paper(name: str) -> set[str]:
    return {job for job in FIGURES if job.startswith(f"figure {name}_")}


#: File → the jobs that a new line of code in it reruns.
TABLE = {
    "models/conv_mixer.py": model("conv_mixer"),
    "models/transformer.py": model("transformer")
    | computation("depth_sweep", "parameter_roles", "transformer_coordinates", "transformer_sweep"),
    "training/probes/attention.py": probe("attention_maps"),
    "training/journal.py": TRAININGS,
    "training/losses.py": TRAININGS | AT_INFINITY | LOSSES_OF_THEIR_OWN,
    "training/trainer.py": TRAININGS,
    "limits/maml/linear.py": computation("maml"),
    "solve/deep_linear_dmft.py": computation("deep_linear_dmft"),
    "papers/mei2018/limits.py": computation("mei2018.radial_limit", "mei2018.particles"),
    "papers/msr2021/claims.py": {"claims msr2021"},
    "papers/karkada2024/claims/images.py": {"claims karkada2024"},
    "papers/vyas2023/figures/fig4.py": {"figure vyas2023_fig4"},
    "plotting/style.py": FIGURES,
    "results/tables.py": FIGURES | CLAIMS | {"table"},
    "report/catalog.py": set(),
    "plan/cost.py": set(),
    "errors.py": set(),
    "specs/models.py": set(),
    "specs/cells.py": set(),
}


@pytest.mark.parametrize("file", TABLE)
def test_a_change_reruns_exactly_the_jobs_that_use_the_file(file: str, copy: Path) -> None:
    with (copy / file).open("a") as text:
        text.write("\nA_CHANGE = 1\n")
    assert changed(copy) == TABLE[file]


def test_random_streams_rerun_what_draws_from_them_bootstraps_of_claims_included(copy: Path) -> None:
    with (copy / "seeding.py").open("a") as text:
        text.write("\nA_CHANGE = 1\n")
    reruns = changed(copy)
    assert reruns >= TRAININGS | CLAIMS
    assert "table" not in reruns


@pytest.mark.parametrize(
    "file", ["models/new.py", "training/probes/new.py", "limits/new.py", "analysis/new.py", "papers/new2026/claims.py"]
)
def test_a_new_file_that_nothing_uses_reruns_nothing(file: str, copy: Path) -> None:
    (copy / file).parent.mkdir(exist_ok=True)
    (copy / file).write_text("A = 1\n")
    assert changed(copy) == set()


def test_a_new_model_in_the_registry_reruns_nothing(copy: Path) -> None:
    shutil.copyfile(copy / "models" / "mlp.py", copy / "models" / "new.py")
    registry = copy / "models" / "__init__.py"
    text = registry.read_text()
    entry = '    "mlp": "infwidth.models.mlp:MLP",\n'
    assert entry in text
    registry.write_text(text.replace(entry, entry + '    "new": "infwidth.models.new:MLP",\n'))
    assert changed(copy) == set()
    registry.write_text(text.replace(entry, '    "mlp": "infwidth.models.new:MLP",\n'))

    assert changed(copy) == model("mlp")  # the name stands for another module now


def test_words_blank_lines_and_line_ends_rerun_nothing(copy: Path) -> None:
    for file in copy.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        lines = [
            f"# a remark\n\n{line}  # another" if line.startswith("import ") else line for line in text.split("\n")
        ]
        changed_words = "\n".join(lines).replace('"""Return', '"""Give back')
        file.write_bytes(changed_words.replace("\n", "\r\n").encode())
    assert changed(copy) == set()


def _digest(folder: Path, text: str) -> str:
    (folder / "net.py").write_text(text)
    return Package(folder).code_of(["infwidth.net"])


_STEP = """
from infwidth.errors import SpecError

def step(x, lr):
    {first}
    if lr > 1:
        x = x / 2
    {last}
    return x - lr * x
"""

REFUSALS = [
    'if lr < 0: raise SpecError("negative")',
    'if lr < 0: raise SpecError(f"lr is {lr}; take a positive one")',
    'if bad := [lr]: raise SpecError(f"{bad}")',
    'if lr < 0 or x.isnan().any(): raise DataError("no number") from None',
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_behind_no_number(refusal: str, tmp_path: Path) -> None:
    """Who was not refused has the number that they had; a mended message or one more check recomputes nothing."""
    before = _digest(tmp_path, _STEP.format(first="pass", last="pass"))
    assert _digest(tmp_path, _STEP.format(first=f"pass\n    {refusal}", last=f"pass\n    {refusal}")) == before
    importing = _STEP.replace("import SpecError", "import DataError, SpecError, nearest")
    assert _digest(tmp_path, importing.format(first=f"pass\n    {refusal}", last="pass")) == before


@pytest.mark.parametrize(
    "line",
    [
        'if lr < 0: raise StopIteration("caught by a loop")',
        'if lr < 0: lr = 0; raise SpecError("after something else")',
        'if lr < 0: raise SpecError("negative")\n    else: x = x + 1',
        'if (half := lr / 2) < 0: raise SpecError("negative")\n    lr = half',
        "if lr < 0: return x",
    ],
)
def test_what_does_more_than_refuse_is_behind_the_number(line: str, tmp_path: Path) -> None:
    before = _digest(tmp_path, _STEP.format(first="pass", last="pass"))
    assert _digest(tmp_path, _STEP.format(first="pass", last=f"pass\n    {line}")) != before


def test_what_an_error_says_is_behind_no_number(tmp_path: Path) -> None:
    text = """
from infwidth.errors import SpecError

def power(rule):
    if rule == "mup":
        return 1
    raise SpecError("MESSAGE")
"""
    before = _digest(tmp_path, text)
    assert _digest(tmp_path, text.replace("MESSAGE", "another")) == before
    assert _digest(tmp_path, text.replace('raise SpecError("MESSAGE")', "return 0")) != before


#: What catches a refusal and decides no number: it writes an error's own words, or looks whether data are there.
_CATCHING = {"parametrization/roles.py", "data/image_sources.py", "data/sources.py", "data/current.py"}


def test_nothing_behind_a_number_catches_a_refusal() -> None:
    """Else a refusal would decide what is computed instead, and the digest would not see it."""
    others = {
        file for room in ("plan", "report", "workflow", "specs", "experiments") for file in (SOURCE / room).rglob("*")
    }
    caught = {
        file.relative_to(SOURCE).as_posix()
        for file in set(SOURCE.rglob("*.py")) - others - {SOURCE / "__main__.py"}
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and node.type is not None
        for name in ast.walk(node.type)
        if isinstance(name, ast.Name) and name.id in ("SpecError", "DataError", "InfwidthError", "Exception")
    }
    assert caught == _CATCHING | {"training/checkpoint.py"}  # torch's errors of a damaged file


#: Rooms whose ``build_model`` is a function of the user.
_OF_USERS = ("parametrization", "transfer")


def test_only_the_module_that_fills_the_registry_of_models_and_the_plan_build_by_name() -> None:
    """What builds a model by a name of its own choosing would hide it from the digest: it imports the class instead."""
    users = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if "build_model(" in file.read_text(encoding="utf-8") and file.parent.name not in _OF_USERS
    }
    assert users == {"models/__init__.py", "training/member.py", "plan/operations.py"}


def test_what_was_read_is_remembered_until_a_file_changes(copy: Path, tmp_path: Path) -> None:
    first = Package(copy, tmp_path / "remembered.json")
    code = first.code_of(["infwidth.models.mlp"])
    first.remember()
    again = Package(copy, tmp_path / "remembered.json")
    assert again.code_of(["infwidth.models.mlp"]) == code
    with (copy / "models" / "activations.py").open("a") as text:
        text.write("\nA_CHANGE = 1\n")
    assert Package(copy, tmp_path / "remembered.json").code_of(["infwidth.models.mlp"]) != code
    (tmp_path / "remembered.json").write_text("[")
    assert Package(SOURCE, tmp_path / "remembered.json").code_of(["infwidth.models.mlp"]) == code


def test_an_entry_that_there_is_not_is_named() -> None:
    with pytest.raises(SpecError, match=r"no module infwidth\.models\.nothing"):
        Package(SOURCE).code_of(["infwidth.models.nothing"])
