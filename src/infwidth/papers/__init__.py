"""One folder a paper: ``experiments.yaml``, ``figures/``, ``claims.py``. Adding a paper is adding a folder.

A figure is the function of its name in the module of its name: ``papers.mei2018.figures.radial:radial``; no list names
them again. A computation that only one paper needs is a function of that paper's ``solve.py``, beside its typed block.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def paper_module(paper: str, part: str) -> ModuleType:
    """Return module ``claims``, ``solve`` or ``figures.<figure>`` of a paper."""
    return import_module(f"infwidth.papers.{paper}.{part}")


def figure_function(paper: str, figure: str) -> Callable[[Any], Any]:
    """Return the function that draws a figure: tables by experiment in, matplotlib figure out."""
    function: Callable[[Any], Any] = getattr(paper_module(paper, f"figures.{figure}"), figure)
    return function


def papers_with(part: str) -> list[str]:
    """Return the names of the papers that have such a module, sorted."""
    folder = Path(__file__).parent
    return sorted(
        {path.parts[len(folder.parts)] for path in (*folder.glob(f"*/{part}.py"), *folder.glob(f"*/{part}/"))}
    )
