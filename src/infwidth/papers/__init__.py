"""One folder a paper: ``experiments.yaml``, ``figures.py``, ``claims.py``. Adding a paper is adding a folder."""

from importlib import import_module
from types import ModuleType


def paper_module(paper: str, part: str) -> ModuleType:
    """Return module ``figures`` or ``claims`` of a paper."""
    return import_module(f"infwidth.papers.{paper}.{part}")
