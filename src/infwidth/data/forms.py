"""The forms in which data are loaded, and which of them a spec asks for; the workflow reads this while it plans."""

from collections.abc import Mapping
from typing import Any

LOADERS = {
    "images": "infwidth.data.images:load_images",
    "drawn": "infwidth.data.drawn:load_drawn",
    "windows": "infwidth.data.tokens:load_windows",
    "corpus": "infwidth.data.tokens:load_corpus",
    "drawings": "infwidth.data.drawings:load_drawings",
}


def form_of(block: Mapping[str, Any], kind: str) -> str:
    """Return what a spec's data block asks for, a key of LOADERS, of a data set of that kind.

    A text is windows where the block says ``context``, and a corpus where it says ``questions``, the name of a data set
    of analogies. From a model of images some are drawn.
    """
    if "context" in block:
        return "windows"
    if "questions" in block:
        return "corpus"
    return {"drawings": "drawings", "image_model": "drawn"}.get(kind, "images")
