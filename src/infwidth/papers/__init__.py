"""One folder a paper: ``experiments.yaml``, ``figures.py``, ``claims.py``. Adding a paper is adding a folder.

A limit that only one paper needs is a function of that paper's ``limits.py``, described by its ``limits.schema.json``.
"""

from importlib import import_module
from types import ModuleType


def paper_module(paper: str, part: str) -> ModuleType:
    """Return module ``figures``, ``claims`` or ``limits`` of a paper."""
    return import_module(f"infwidth.papers.{paper}.{part}")
