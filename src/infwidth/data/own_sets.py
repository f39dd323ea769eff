"""Data sets of one's own, described in ``data_sets.yaml`` beside one's own papers.

The file maps a name to what the data set is; :class:`OwnImages` and :class:`OwnText` are all that it may say. Arrays
and texts lie in the data folder or beside the file. They are checked when they are prepared, also against what the file
says of them: trainings are planned, and their cost told, before the data are looked at.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from infwidth.data.registry import DATASETS, Dataset, ImageFacts
from infwidth.data.sources import SourceFinder
from infwidth.errors import SpecError, nearest
from infwidth.places import own_papers
from infwidth.specs.block import Block, Count, Says, Several, Text, read

FILE = "data_sets.yaml"


class _Own(Block):
    title: Text
    version: str = ""
    licence: str = ""
    citation: str = ""


class OwnImages(_Own):
    """``file``: an npz with x_train, y_train, x_test, y_test (docs/data.md); of its images what is known beforehand."""

    kind: Literal["images"]
    file: Text
    channels: Annotated[Literal[1, 3], Says("must be 1 or 3")]
    side: Count
    n_classes: Annotated[int, Field(ge=2, le=1000000), Says("must be a number of classes, at least two")]
    n_test: Count

    def entry(self, name: str, folder: Path) -> Dataset:
        """Return its entry in the table of data sets."""
        facts = ImageFacts(self.channels, self.side, self.n_classes, self.n_test)
        return _entry(self, name, folder, kind="images", prepared=(self.file,), images=facts)


class OwnText(_Own):
    """``files``: one text, or three, that train, validate and test; words seen under ``min_count`` times are one."""

    kind: Literal["text"]
    files: Several[Text]
    min_count: Count = 1

    def entry(self, name: str, folder: Path) -> Dataset:
        """Return its entry in the table of data sets."""
        if len(self.files) not in (1, 3):
            raise SpecError(
                f"{folder / FILE}: {name}.files: {len(self.files)} files; a text is one, or train, valid, test"
            )
        return _entry(self, name, folder, kind="tokens", prepared=tuple(self.files), min_count=self.min_count)


def _entry(block: _Own, name: str, folder: Path, **said: Any) -> Dataset:
    how = f"its files, as {folder / FILE} names them, are looked for there and in data_dir"
    about = {key: getattr(block, key) for key in ("title", "version", "licence", "citation")}
    return Dataset(name=name, **about, size_bytes=0, how_to_get=how, own=folder, **said)


_KINDS: dict[str, type[OwnImages | OwnText]] = {"images": OwnImages, "text": OwnText}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def own_sets() -> dict[str, Dataset]:
    """Return the data sets of one's own by name, none where there is no data_sets.yaml.

    Raises SpecError, with file, key and value, for what has no meaning and for the name of a built-in one.
    """
    folder = own_papers()
    file = folder / FILE if folder else None
    if file is None or folder is None or not file.exists():
        return {}
    stat = file.stat()
    return _read(folder.absolute(), (stat.st_mtime_ns, stat.st_size))


@cache
def _read(folder: Path, stamp: tuple[int, int]) -> dict[str, Dataset]:
    from infwidth.yaml_file import read_yaml  # a cell on another machine does without yaml

    file = folder / FILE
    document = read_yaml(file, where=str(file))
    if not isinstance(document, dict):
        raise SpecError(f"{file}: must be a block of names of data sets, and of what each is")
    return {name: _set(name, said, folder) for name, said in document.items()}


def _set(name: str, said: Any, folder: Path) -> Dataset:
    where = f"{folder / FILE}: {name}"
    if name in DATASETS:
        raise SpecError(f"{where}: infwidth itself has a data set of this name; choose another")
    if not _NAME.fullmatch(name):
        raise SpecError(f"{where}: must be a name of small letters, digits and underscores: it names a folder")
    kind = said.get("kind") if isinstance(said, dict) else None
    if kind not in _KINDS:
        raise SpecError(f"{where}.kind: {kind!r} is not known{nearest(str(kind), _KINDS)}; known: {', '.join(_KINDS)}")
    return read(_KINDS[kind], said, where=where).entry(name, folder)


def converter(entry: Dataset) -> Callable[..., None]:
    """Return what prepares a data set of one's own."""
    from infwidth.data import image_sources, text_sources

    def images(finder: SourceFinder, folder: Path) -> None:
        image_sources.own(finder, folder)

    def text(finder: SourceFinder, folder: Path) -> None:
        source = text_sources.wikitext if len(entry.prepared) == 3 else text_sources.running_text
        source(finder, folder, min_count=entry.min_count)

    return images if entry.kind == "images" else text
