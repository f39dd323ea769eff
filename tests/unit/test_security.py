"""What the source never does: run what data says, or pass a value through a shell."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src").rglob("*.py"))

#: Modules that run code from data, or read formats that can.
FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def offences(source: str) -> list[str]:
    """Return what in ``source`` could run what data says, a line each."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [f"{node.lineno}: imports {name}" for name in names if name.split(".")[0] in FORBIDDEN]
        if isinstance(node, ast.Call):
            found += [f"{node.lineno}: {why}" for why in _of_call(ast.unparse(node.func), node)]
    return found


def _of_call(name: str, call: ast.Call) -> list[str]:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg}
    wrong = []
    if name in ("eval", "exec", "os.system", "os.popen", "pd.read_pickle", "subprocess.getoutput"):
        wrong.append(name)
    if name.endswith("np.load") and given.get("allow_pickle") != "False":
        wrong.append("np.load without allow_pickle=False")
    if name.startswith("np.lib.format.read_array") and "header" not in name:
        wrong.append(name)
    if name == "torch.load" and given.get("weights_only") != "True":
        wrong.append("torch.load without weights_only=True")
    if name in ("yaml.full_load", "yaml.unsafe_load", "yaml.load_all"):
        wrong.append(name)
    if name == "yaml.load" and not all(word.endswith("SafeLoader") for word in re.findall(r"\w*Loader", _loader(call))):
        wrong.append("yaml.load without a safe loader")
    if "shell" in given and given["shell"] != "False":
        wrong.append("a shell")
    if name.endswith(("extractall", ".extract")):
        wrong.append("unpacks an archive to disk")
    return wrong


def _loader(call: ast.Call) -> str:
    values = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "Loader"]
    return values[0] if values else "Loader"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT / "src").as_posix())
def test_no_file_runs_what_data_says(file: Path) -> None:
    assert offences(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "yaml.load(t)",
        "yaml.load(t, Loader=yaml.Loader)",
        "yaml.load(t, Loader=getattr(yaml, 'CFullLoader', yaml.SafeLoader))",
        "yaml.unsafe_load(t)",
        "subprocess.run(c, shell=True)",
        "os.system(c)",
        "eval(t)",
        "tarfile.open(f).extractall()",
    ],
)
def test_the_test_sees_what_it_looks_for(source: str) -> None:
    assert offences(source)


def test_shell_commands_of_rules_quote_every_value() -> None:
    seen, there = 0, 0
    for file in [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]:
        text = file.read_text(encoding="utf-8")
        there += len(re.findall(r"^\s*shell:", text, flags=re.MULTILINE))
        for command in re.findall(r"shell:\s*((?:f?(?:\"[^\"\n]*\"|'[^'\n]*')\s*)+)", text):
            seen += 1
            values = re.findall(r"\{([^}]*)\}", command)
            assert all(value.endswith(":q") for value in values), f"{file.name}: {command}"
            assert not re.match(r"\s*f['\"]", command), f"{file.name}: {command}"
    assert seen == there > 0  # a command in other quotes would not be seen
