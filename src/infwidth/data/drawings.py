"""Prepared drawings of characters (Omniglot) as tensors."""

from dataclasses import dataclass
from pathlib import Path

import torch

from infwidth.data.record import read_array, read_record
from infwidth.errors import DataError


@dataclass(frozen=True)
class Drawings:
    """x float32 {0,1} [P, 1, 28, 28] (1 is ink), label int64 [P], drawer int64 [P] (1–20), background bool [P].

    ``sha256`` is that of the prepared data they come from.
    """

    x: torch.Tensor
    label: torch.Tensor
    drawer: torch.Tensor
    background: torch.Tensor
    name: str
    sha256: str


def load_drawings(prepared_dir: Path) -> Drawings:
    """Load drawings that ``prepare`` wrote; raises DataError where ``prepared_dir`` holds none."""
    record = read_record(prepared_dir)
    if record["kind"] != "drawings":
        raise DataError(f"{prepared_dir} holds {record['kind']} ({record['name']}), not drawings")
    x, label, drawer, background = (
        torch.from_numpy(read_array(prepared_dir, name, mapped=False))
        for name in ("x", "label", "drawer", "background")
    )
    return Drawings(x.float()[:, None], label, drawer, background, record["name"], record["sha256"])
