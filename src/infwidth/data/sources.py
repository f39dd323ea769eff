"""Finding the source of a data set: files in the data folder, or else a download into it."""

from pathlib import Path
from typing import Any

from infwidth.data.download import download, file_digest, matches
from infwidth.data.registry import Dataset
from infwidth.errors import DataError


class SourceFinder:
    """Finds the files of one data set under ``data_dir`` and remembers for the record which were used.

    Looked for, in this order: the already prepared files of the registry in ``data_dir``; the official files in
    ``data_dir/NAME``; the official address, from which they are downloaded to ``data_dir/NAME``.
    """

    def __init__(self, dataset: Dataset, data_dir: Path) -> None:
        self.dataset = dataset
        self.data_dir = data_dir
        self.used: list[dict[str, Any]] = []

    def prepared(self) -> tuple[Path, ...] | None:
        """Return the already prepared files if all are there, otherwise None."""
        paths = tuple(self.data_dir / name for name in self.dataset.prepared)
        if not paths or not all(path.is_file() for path in paths):
            return None
        for name, path in zip(self.dataset.prepared, paths, strict=True):
            self.remember(f"data folder: {name}", path)
        return paths

    def official(self, index: int = 0) -> Path:
        """Return the official file at this place of the registry's list, downloaded if it is not there.

        Raises DataError where it cannot be had or where a file already there has another checksum.
        """
        if not self.dataset.sources:
            raise self.absent()
        source = self.dataset.sources[index]
        path = self.data_dir / self.dataset.name / source.filename
        if path.is_file():
            if source.checksum and not matches(path, source.checksum):
                raise DataError(f"{path} has not the published checksum {source.checksum}: remove it and try again")
        else:
            try:
                download(source.url, path, source.checksum)
            except (DataError, OSError) as error:  # OSError: the data folder cannot be written
                raise self.absent(str(error)) from error
        # A fresh download and a file found there leave the same record.
        self.remember(source.url, path)
        return path

    def embedded(self, package: str, path: Path) -> Path:
        """Return a file inside an installed package; raises DataError if that version has it no longer."""
        if not path.is_file():
            raise DataError(f"the installed {package} has no {path.name}; install the version of requirements.lock")
        self.remember(f"embedded in {package}: {path.name}", path)
        return path

    def absent(self, reason: str = "") -> DataError:
        """Return the error that says where the data set was looked for, its official address and how to get it."""
        entry = self.dataset
        folder = self.data_dir / entry.name
        looked = [str(self.data_dir / name) for name in entry.prepared]
        looked += [str(folder / source.filename) for source in entry.sources] or ([] if looked else [str(folder)])
        lines = [f"data set '{entry.name}' is absent ({entry.title}).", f"  looked for: {', '.join(looked)}"]
        if reason:
            lines.append(f"  download: {reason}")
        if entry.sources:
            lines.append(f"  official: {', '.join(source.url for source in entry.sources)}")
            lines.append(f"  to do: with a network, run again; without one, put these files (unchanged) into {folder}")
        else:
            lines.append(f"  to do: {entry.how_to_get}; it belongs at {looked[0]}")
        return DataError("\n".join(lines))

    def remember(self, origin: str, path: Path | None = None) -> None:
        """Add to the record's sources; without ``path`` (a folder of many files) there is no sha256."""
        self.used.append({"origin": origin, "sha256": path and file_digest(path)})
