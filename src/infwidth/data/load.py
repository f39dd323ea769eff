"""The data of a cell, whatever its kind, from the block of its spec."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infwidth.data.drawings import Drawings, load_drawings
from infwidth.data.images import Images, load_images
from infwidth.data.record import read_record
from infwidth.data.tokens import Questions, Tokens, Windows, load_analogies, load_tokens, load_windows


class Corpus(NamedTuple):
    """A text and the word analogies that test embeddings learned from it."""

    tokens: Tokens
    questions: Questions

    @property
    def name(self) -> str:
        """The text's name."""
        return self.tokens.name

    @property
    def sha256(self) -> str:
        """That of the prepared text."""
        return self.tokens.sha256


#: What the trainer takes: examples with labels.
Labelled = Images | Windows
Data = Labelled | Corpus | Drawings


def load_data(prepared: Path, block: Mapping[str, Any]) -> Data:
    """Load the data set ``name`` of a spec's data block, its other entries being options, from the folder ``prepared``.

    A text is windows where the block says ``context``, and a corpus where it says ``questions``, the name of a data set
    of analogies. Raises what the loaders raise.
    """
    options = {key: value for key, value in block.items() if key not in ("name", "questions")}
    folder = prepared / block["name"]
    if "context" in block:
        return load_windows(folder, **options)
    if "questions" in block:
        return Corpus(load_tokens(folder, **options), load_analogies(prepared / block["questions"]))
    if read_record(folder)["kind"] == "drawings":
        return load_drawings(folder, **options)
    return load_images(folder, **options)
