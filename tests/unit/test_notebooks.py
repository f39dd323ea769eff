"""The notebooks run, and what they print is still what is kept in them: words to the letter, numbers closely."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))

#: Runs the cells of a notebook in one namespace, as a kernel would; what each printed, as JSON on standard error.
RUN = r"""
import contextlib, io, json, sys
import matplotlib
matplotlib.use("Agg")
names, printed = {"__name__": "__main__"}, []
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(compile("".join(cell["source"]), sys.argv[1], "exec"), names)
        printed.append(said.getvalue())
from pathlib import Path
Path(sys.argv[2]).write_text(json.dumps(printed), encoding="utf-8")
"""
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"


def _kept(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
    return ["".join("".join(o["text"]) for o in of_cell if o["output_type"] == "stream") for of_cell in outputs]


def test_they_are_found() -> None:
    assert {"kernels_and_limits", "parametrize_a_transformer", "read_the_tables"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_prints_what_is_kept_in_it(notebook: Path, tmp_path: Path) -> None:
    printed = tmp_path / "printed.json"
    # In its own folder, as Jupyter does.
    done = subprocess.run(
        [sys.executable, "-c", RUN, notebook.name, str(printed)], cwd=notebook.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    now, kept = json.loads(printed.read_text(encoding="utf-8")), _kept(notebook)
    assert any(kept)
    for new, old in zip(now, kept, strict=True):
        assert re.sub(NUMBER, "#", new) == re.sub(NUMBER, "#", old)
        # Sums differ in their last bits between machines, and training spreads that.
        numbers = [float(number) for number in re.findall(NUMBER, new)]
        assert numbers == pytest.approx([float(number) for number in re.findall(NUMBER, old)], rel=0.05, abs=0.02)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_was_run_once_from_top_to_bottom_without_a_word_of_the_machine(notebook: Path) -> None:
    document = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for output in (output for cell in code for output in cell["outputs"]):
        assert output["output_type"] in ("stream", "display_data"), "print what matters, end pictures with ;"
        assert output.get("name", "stdout") == "stdout", "a warning is kept"
        assert not re.search(r"(?m)(^|[\s'\"(])/\w+/", "".join(output.get("text", "")))
