"""Figures on disk: PDF and PNG, the same bytes each time they are drawn from the same tables."""

from pathlib import Path

from matplotlib.figure import Figure

from infwidth.files import replacing


def save_figure(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, whose suffix is .pdf or .png, without the date that would change its bytes."""
    kind = path.suffix.lstrip(".")
    metadata = {"CreationDate": None} if kind == "pdf" else {"Software": None}
    with replacing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=metadata)
