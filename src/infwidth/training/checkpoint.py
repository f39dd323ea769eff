"""Checkpoints: enough of a cell, half done, to go on to the same bits after any kill.

All chance in training is counter-based (see :mod:`infwidth.seeding`), so no generator state is kept. The file begins
with the digest of the rest, because torch does not notice most damage.
"""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import torch

from infwidth.files import replacing

logger = logging.getLogger(__name__)

_DIGEST = hashlib.sha256().digest_size


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint of plain containers and tensors, atomically."""
    content = io.BytesIO()
    torch.save(state, content)
    with replacing(path) as temporary:
        temporary.write_bytes(hashlib.sha256(content.getbuffer()).digest() + content.getbuffer())


def load(path: Path, cell: str, execution: str) -> dict[str, Any] | None:
    """Return the checkpoint at ``path``; None where there is none, or one that cannot be used (logged).

    One of another cell, or of nets trained in another way, cannot be used.
    """
    if not path.exists():
        return None
    try:
        digest, content = (whole := path.read_bytes())[:_DIGEST], whole[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("damaged: its content is not what was written")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if (state["cell"], state["execution"]) == (cell, execution):
            return state
        reason = f"it belongs to cell {state['cell']}, {state['execution']}"
    except Exception as error:  # torch raises errors of many types for damaged files; all mean: start over
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
    logger.warning("checkpoint %s is not used (%s); the cell starts from the beginning", path, reason)
    return None
