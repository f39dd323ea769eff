"""How far the cells of a run are: said after each, on the console."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from infwidth.experiments.cells import Cell
from infwidth.files import write_text
from infwidth.plan import places

VARIABLE = "INFWIDTH_PROGRESS"


def file_of(workflow: int) -> Path:
    """Return where the workflow with that process number notes what it is to compute."""
    return places.KEPT / f"progress-{workflow}.json"


def begin(cells: Mapping[str, Cell], seconds: Mapping[str, float], cores: int) -> str:
    """Note the cells that a run is to compute and the ``seconds`` they are known to take; return a line on them."""
    file = file_of(os.getpid())
    os.environ[VARIABLE] = str(file)
    plan = {name: [str(places.cell_file(cell)), seconds.get(name)] for name, cell in cells.items()}
    write_text(file, json.dumps({"since": time.time(), "cores": cores, "cells": plan}))
    known = [seconds[name] for name in cells if name in seconds]
    about = f", {duration(sum(known) / max(cores, 1))} of work" if known else ""
    unknown = f" ({len(cells) - len(known)} of them never ran before)" if len(known) < len(cells) else ""
    return f"{len(cells)} cells to compute{about}{unknown}"


def end() -> None:
    """Forget what :func:`begin` noted."""
    if VARIABLE in os.environ:
        Path(os.environ.pop(VARIABLE)).unlink(missing_ok=True)


def tell(cell: str) -> None:
    """Print how many of the run's cells are done, and what the others may take."""
    try:
        noted = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return  # a job by itself, or on another machine
    done = {name for name, (file, _) in noted["cells"].items() if name == cell or _since(file, noted["since"])}
    left = [seconds for name, (_, seconds) in noted["cells"].items() if name not in done]
    print(f"{len(done)} of {len(noted['cells'])} cells{_about(noted, done, left)}", flush=True)


def _since(file: str, moment: float) -> bool:
    try:
        return os.stat(file).st_mtime >= moment  # noqa: PTH116
    except OSError:
        return False


def _about(noted: Mapping[str, object], done: set[str], left: list[float | None]) -> str:
    """Return what the cells that are left may take: by their records, at the pace of those that are done."""
    if not left:
        return ""
    cells, since, cores = noted["cells"], noted["since"], noted["cores"]
    assert isinstance(cells, dict)
    assert isinstance(since, float)
    assert isinstance(cores, int)
    known = [seconds for name in done if (seconds := cells[name][1])]
    usual = (sum(known) / len(known)) if known else None
    expected = [seconds or usual for seconds in left]
    if None in expected or not known:
        return ""
    pace = min(max((time.time() - since) * cores / sum(known), 0.2), 5.0)
    return f", about {duration(pace * sum(filter(None, expected)) / max(cores, 1))} left"


def duration(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
