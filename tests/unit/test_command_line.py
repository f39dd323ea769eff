"""The command line: in any folder, in a pipe that nobody reads on, with one line for an error."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import infwidth
from infwidth.__main__ import main
from infwidth.plan.cost import time_left
from infwidth.plan.graph import load_graph

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_table_is_written_as_text_to_the_last_bit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "mei2018.reduced", "--csv"]) == 0
    rows = pd.read_csv(StringIO(capsys.readouterr().out))
    assert rows["value"].tolist() == infwidth.load("mei2018.reduced")["value"].tolist()


def test_a_table_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(ROOT), "table", "vyas2023_fig5"]) == 0
    assert "sharpness" in capsys.readouterr().out


def test_a_pipe_that_is_closed_is_no_error() -> None:
    command = f"{sys.executable} -m infwidth table vyas2023.language --csv | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("table,width,cell,lr,seed,of,step,metric,layer,index,value")


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [(">&-", 0, ""), ("> /dev/full", 1, "error: [Errno 28] No space left on device\n")],
)
def test_where_output_cannot_go_there_is_no_traceback(to: str, code: int, says: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m infwidth table mei2018.reduced --csv {to}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, says)


def test_a_folder_that_cannot_be_made_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["--root", str(ROOT), "site", "--to", str(tmp_path / "file" / "site")]) == 1
    assert capsys.readouterr().err.startswith("error: [Errno 20] Not a directory")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["table", "vyas2023_fig5", "--own"], "is not there"),
        (["table", "vyas2023.langage"], "did you mean 'vyas2023.language'?"),
        (["--root", "nowhere", "catalog"], "--root nowhere: there is no such folder"),
        (["cost", "--scale", "laptop", "--figures", "vyas2023_fg5"], "did you mean 'vyas2023_fig5'?"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_cost_speaks_of_the_figures_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    once = ["--set", "vyas2023.full_batch.noise_floor=false"]
    asked = ["--scale", "laptop", "--figures", "vyas2023_fig5,mei2018_radial", "--cores", "2"]
    assert main(["cost", *asked, *once]) == 0
    head, first, second, _, total, *_of_what_never_ran = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "figure"
    assert {first.split()[0], second.split()[0]} == {"vyas2023_fig5", "mei2018_radial"}
    assert total.startswith("All cells, each once: 13, of which 0 are done; left: ")
    assert "on 2" in total


def test_the_time_left_is_that_of_cells_side_by_side() -> None:
    graph = load_graph("laptop", "vyas2023_fig5", {"vyas2023.full_batch.noise_floor": False})
    first, second, third, fourth = graph.cells
    seconds = {first: 60.0, second: 240.0, third: 60.0, fourth: 60.0}
    assert time_left(graph, seconds, [], cores=2).endswith("left: 7.0 minutes of one core, about 4.0 on 2.")
    assert time_left(graph, seconds, [second], cores=2).endswith(
        "of which 1 are done; left: 3.0 minutes of one core, about 1.5 on 2."
    )
    assert time_left(graph, {}, [second], cores=2).endswith("of which 1 are done; 3 were never run.")
    assert time_left(graph, seconds, list(graph.cells), cores=2).endswith("4, of which 4 are done.")
