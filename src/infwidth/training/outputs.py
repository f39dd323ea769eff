"""What probes keep of single nets for the ensemble of all seeds: arrays in files, of which memory holds none.

While a cell is computed each array is a file of a folder. Those of a cell of one seed end as one file beside its rows,
a plain ``npz`` that numpy reads, from which the cells of all seeds are joined.
"""

import hashlib
import logging
import shutil
import zipfile
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from infwidth.files import replacing
from infwidth.training.loop import Net

logger = logging.getLogger(__name__)


def _prefix(net: Net, probe: str) -> str:
    """Return what the names of a net's arrays begin with: probe, learning rate and seed."""
    lr, seed = net
    return f"{probe}/{float(lr)!r}/{seed}/"


class Outputs:
    """The arrays that the probes of a cell keep, while it is computed.

    Args:
        folder: where they lie; a temporary one by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary = TemporaryDirectory() if folder is None else None
        self._folder = Path(self._temporary.name) if self._temporary else folder or Path()
        #: Name → digest of what was written; a checkpoint carries them.
        self.digests: dict[str, str] = {}

    def of(self, net: Net, probe: str) -> "OutputsOfNet":
        """Return those of one net and probe."""
        return OutputsOfNet(self, _prefix(net, probe))

    def load(self, digests: Mapping[str, str] | None) -> bool:
        """Go on with the arrays that an earlier process kept; return whether all of them are there, whole."""
        for name, digest in (digests or {}).items():
            try:
                with self.file(name).open("rb") as file:
                    whole = hashlib.file_digest(file, "sha256").hexdigest() == digest
            except OSError:
                whole = False
            if not whole:
                logger.warning("%s is not what was written; the cell starts from the beginning", self.file(name))
                return False
        self.digests = dict(digests or {})
        return digests is not None

    def file(self, name: str) -> Path:
        """Return the file of an array."""
        return self._folder / f"{name}.npy"

    def pack(self, file: Path) -> str:
        """Write all arrays as one file, atomically, and return its digest; the same arrays give the same bytes."""
        with replacing(file) as temporary:
            with zipfile.ZipFile(temporary, "w") as packed:
                for name in sorted(self.digests):
                    entry = zipfile.ZipInfo(f"{name}.npy")  # which has no time
                    with self.file(name).open("rb") as array, packed.open(entry, "w", force_zip64=True) as into:
                        shutil.copyfileobj(array, into, 1 << 20)
            with temporary.open("rb") as written:
                return hashlib.file_digest(written, "sha256").hexdigest()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class OutputsOfNet(MutableMapping[str, torch.Tensor]):
    """What one probe keeps of one net, by the key of the step; read from its file whenever it is asked for."""

    def __init__(self, outputs: Outputs, prefix: str) -> None:
        self._outputs, self._prefix = outputs, prefix

    def __setitem__(self, key: str, value: torch.Tensor) -> None:
        file = self._outputs.file(self._prefix + key)
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, value.cpu().numpy())  # not flushed to disk: what a power cut damages its digest tells
        with file.open("rb") as written:
            self._outputs.digests[self._prefix + key] = hashlib.file_digest(written, "sha256").hexdigest()

    def __getitem__(self, key: str) -> torch.Tensor:
        if self._prefix + key not in self._outputs.digests:
            raise KeyError(key)
        return torch.from_numpy(np.load(self._outputs.file(self._prefix + key), allow_pickle=False))

    def __delitem__(self, key: str) -> None:
        del self._outputs.digests[self._prefix + key]

    def __iter__(self) -> Iterator[str]:
        start = len(self._prefix)
        return (name[start:] for name in list(self._outputs.digests) if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class PackedOutputs(Mapping[str, torch.Tensor]):
    """What one probe kept of one net, read from the file that :meth:`Outputs.pack` wrote, an array at a time."""

    def __init__(self, file: Path, net: Net, probe: str) -> None:
        self._file, self._prefix = file, _prefix(net, probe)
        with np.load(file, allow_pickle=False) as arrays:
            self._keys = [name.removeprefix(self._prefix) for name in arrays.files if name.startswith(self._prefix)]

    def __getitem__(self, key: str) -> torch.Tensor:
        with np.load(self._file, allow_pickle=False) as arrays:
            return torch.from_numpy(arrays[self._prefix + key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
