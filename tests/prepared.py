"""Prepared folders for tests: arrays and values with a record that is true of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from infwidth.data.record import RECORD, content_digest, describe_files, sealed


def write_prepared(folder: Path, kind: str, name: str = "toy", **values: Any) -> str:
    """Write arrays as npy and other values as JSON, add them to what is in ``folder``, and return the new digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            np.save(folder / f"{key}.npy", value)
        else:
            (folder / f"{key}.json").write_text(json.dumps(value))
    files = describe_files(folder)
    record = {"name": name, "kind": kind, "sha256": content_digest(files), "files": files}
    (folder / RECORD).write_text(json.dumps(sealed(record)))
    return str(record["sha256"])
