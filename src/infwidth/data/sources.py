"""Finding the source of a data set: files in the data folder, or else a download into it."""

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

from infwidth.data import sums
from infwidth.data.arrays import is_disk_full
from infwidth.data.download import download, file_digest, matches
from infwidth.data.registry import Dataset, Source
from infwidth.errors import DataError
from infwidth.places import named_folder

_log = logging.getLogger(__name__)


def data_folder(text: str | Path) -> Path:
    """Return the data folder that a person named, with ``~`` and variables put in; SpecError for one that is unset."""
    return named_folder(text, key="data_dir")


class SourceFinder:
    """Finds the files of one data set under ``data_dir`` and remembers for the record which were used.

    Looked for, in this order: the already prepared files of the registry in ``data_dir``; the official files in
    ``data_dir/NAME``, or where torchvision keeps them if ``data_dir`` is its root; the official address, from which
    they are downloaded to ``data_dir/NAME``. ``half_done`` is a folder for what outlives a killed preparation.
    """

    def __init__(self, dataset: Dataset, data_dir: Path, *, half_done: Path, workers: int = 1) -> None:
        self.dataset = dataset
        self.data_dir = data_dir
        self.half_done = half_done
        self.workers = workers
        self.used: list[dict[str, Any]] = []

    @property
    def folder(self) -> Path:
        """Where the official files belong."""
        return self.data_dir / self.dataset.name

    @cached_property
    def of_torchvision(self) -> tuple[Source, ...]:
        """The official files that torchvision knows; DataError where it is not installed."""
        try:
            from infwidth.data.torchvision_sets import official_sources
        except ImportError as error:
            own = ", ".join(self.dataset.prepared) or "folders of images"
            raise DataError(
                f"the official files of '{self.dataset.name}' are read by torchvision, which is not there ({error}): "
                f"install it, or put {own} into {self.data_dir}"
            ) from error
        return official_sources(self.dataset.torchvision)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The official files, from the registry or else from torchvision."""
        return self.dataset.sources or (self.of_torchvision if self.dataset.torchvision else ())

    def prepared(self) -> tuple[Path, ...] | None:
        """Return the user's own arrays or texts, all of them, or None if there are none.

        Raises DataError where only some are there, or something else than a file is in the place of one: whoever put it
        there does not want other data instead.
        """
        paths = tuple(self.dataset.prepared_files(self.data_dir).values())
        for path in paths:
            if path.is_symlink() and not path.exists():
                raise DataError(f"{path} is a link to {path.readlink()}, which is not there")
            if path.exists() and not path.is_file() and path != self.folder:
                raise DataError(f"{path} is no file; put your data there, or move it away for the official ones")
        missing = [path for path in paths if not path.is_file()]
        if len(missing) == len(paths):
            return None
        if missing:
            there = [path.name for path in paths if path not in missing]
            raise DataError(
                f"{', '.join(there)} is there, but {', '.join(map(str, missing))} is not: put it beside, or move what"
                " is there away for the official files"
            )
        for name, path in zip(self.dataset.prepared, paths, strict=True):
            self.remember(f"data folder: {name}", path)
        return paths

    def there(self, source: Source) -> Path | None:
        """Return where an official file lies, None where it does not."""
        places = [self.folder / source.filename, *([self.data_dir / source.elsewhere] if source.elsewhere else [])]
        return next((path for path in places if path.is_file()), None)

    def official(self, source: Source | int = 0) -> Path:
        """Return an official file (or that at a place of the list), downloaded if it is not there, and checked.

        Raises DataError where it cannot be had or where a file already there has another checksum.
        """
        if isinstance(source, int):
            if not self.sources:
                raise self.absent()
            source = self.sources[source]
        path = self.there(source)
        if path is None:
            path = self.folder / source.filename
            if not source.url:
                raise self.absent()
            try:
                download(source.url, path, self._checksum(path, source))
            except (DataError, OSError) as error:  # OSError: the data folder cannot be written
                if isinstance(error, OSError) and is_disk_full(error):
                    raise
                raise self.absent(str(error)) from error
        else:
            checksum = self._checksum(path, source)
            if checksum and not matches(path, checksum):
                published = "published" if checksum == source.checksum else f"checksum in {path.parent / sums.NAME}:"
                raise DataError(
                    f"{path} is not the file it should be: it has not the {published} checksum {checksum}. Put the "
                    "right file there, or move this one elsewhere and run again, with a network, to download it"
                )
        self._remember_official(path, source)
        return path

    def _checksum(self, path: Path, source: Source) -> str | None:
        """Return the checksum that counts: of the user's list, or the published one."""
        own = sums.listed(path.parent).get(path.name)
        return f"sha256:{own}" if own else source.checksum

    def is_published(self, path: Path, source: Source) -> bool:
        """Return whether the file is what its makers publish, and not another by the user's own list."""
        own = path.name in sums.listed(path.parent) and (source.checksum or source.content)
        return not own or bool(source.checksum and matches(path, source.checksum))

    def _remember_official(self, path: Path, source: Source) -> None:
        # A fresh download and a file found there leave the same record.
        origin = source.url or source.filename
        if not self.is_published(path, source):
            origin += f" (not the published file: {path.parent.name}/{sums.NAME} names another)"
        self.remember(origin, path)
        if not (source.checksum or source.content) and path.name not in sums.listed(path.parent):
            sums.add(path.parent, path.name, self.used[-1]["sha256"])
            _log.warning(
                "no checksum is published for %s: its sha256 is kept in %s, and it is checked from now on",
                path.name,
                path.parent / sums.NAME,
            )

    def embedded(self, package: str, path: Path) -> Path:
        """Return a file inside an installed package; raises DataError if that version has it no longer."""
        if not path.is_file():
            raise DataError(f"the installed {package} has no {path.name}; install the version of requirements.lock")
        self.remember(f"embedded in {package}: {path.name}", path)
        return path

    def absent(self, reason: str = "") -> DataError:
        """Return the error that says where the data set was looked for, its official address and how to get it."""
        entry = self.dataset
        looked = [str(place / name) for name in entry.prepared for place in (self.data_dir, entry.own) if place]
        official = [str(self.folder / source.filename) for source in self.sources]
        looked += official or ([] if looked else [str(self.folder)])
        lines = [f"data set '{entry.name}' is absent ({entry.title}).", f"  looked for: {', '.join(looked)}"]
        if reason:
            lines.append(f"  download: {reason}")
        if entry.how_to_get:
            lines.append(f"  to do: {entry.how_to_get}; it belongs at {self.folder if self.sources else looked[0]}")
        else:
            lines.append(f"  official: {', '.join(source.url for source in self.sources)}")
            lines.append(
                f"  to do: with a network, run again; without one, put these files (unchanged) into {self.folder}"
            )
        return DataError("\n".join(lines))

    def remember(self, origin: str, path: Path | None = None) -> None:
        """Add to the record's sources; without ``path`` (a folder of many files) there is no sha256."""
        self.used.append({"origin": origin, "sha256": path and file_digest(path)})
