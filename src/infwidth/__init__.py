"""infwidth: the infinite limits of neural networks, replicated.

Importing the package does no work and loads no torch. Tables of results: :func:`load`. Which room may import which
stands in ``tests/unit/test_architecture.py``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infwidth.report.lookup import load

__all__ = ["__version__", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import :func:`infwidth.report.lookup.load` when it is asked for, and pandas with it."""
    if name == "load":
        from infwidth.report.lookup import load

        return load
    raise AttributeError(f"module 'infwidth' has no attribute '{name}'")
