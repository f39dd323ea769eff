"""Figures on disk: PDF and PNG, the same bytes each time they are drawn from the same tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fontTools.subset import Options
from matplotlib import rc_context
from matplotlib.figure import Figure

from infwidth.files import replacing

#: Of a font, what places its glyphs beside each other. Matplotlib has placed them when it embeds the font in a PDF.
_SHAPING = ["GSUB", "GPOS", "GDEF", "MATH", "kern"]


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write ``figure`` to each of ``paths``, named .pdf or .png, without the date that would change its bytes.

    It is laid out for the first of them and stands so in all: while it has a layout engine, even one that does nothing,
    each save draws it twice.
    """
    for path in paths:
        kind = path.suffix.lstrip(".")
        metadata = {"CreationDate": None} if kind == "pdf" else {"Software": None}
        with replacing(path) as temporary, _glyphs_alone():
            figure.savefig(temporary, format=kind, metadata=metadata)
        with rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
            figure.set_layout_engine(None)


@contextmanager
def _glyphs_alone() -> Iterator[None]:
    """Embed fonts without their tables for shaping: reading those would take a fifth of a figure's time."""
    before = Options._drop_tables_default
    Options._drop_tables_default = [*before, *_SHAPING]
    try:
        yield
    finally:
        Options._drop_tables_default = before
