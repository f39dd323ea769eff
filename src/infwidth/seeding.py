"""Named random streams: every use of chance has its own stream, derived from a root seed by SeedSequence.

Data order, initialisation, augmentation and evaluation never share a stream, so changing how one is used leaves the
others bit for bit as they were; in particular all widths, parametrizations and seeds see the same batches in order.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

ROLES = ("subset", "order", "augmentation", "init", "evaluation", "bootstrap", "perturbation", "generation")


def _sequence(role: str, *keys: int | str) -> np.random.SeedSequence:
    if role not in ROLES:
        raise ValueError(f"unknown random stream '{role}'; the streams are {', '.join(ROLES)}")
    # hash() of a string changes from run to run; a digest does not.
    words = [ROLES.index(role)]
    for key in keys:
        if isinstance(key, str):
            words += list(np.frombuffer(hashlib.sha256(key.encode()).digest()[:8], np.uint32).tolist())
        else:
            words.append(int(key))
    return np.random.SeedSequence(words)


def numpy_stream(role: str, *keys: int | str) -> np.random.Generator:
    """Return the numpy generator of one named stream; ``keys`` (seed, step, parameter name, …) tell streams apart.

    Raises ValueError for a role that is not in ROLES.
    """
    return np.random.default_rng(_sequence(role, *keys))


def torch_stream(role: str, *keys: int | str) -> "torch.Generator":
    """Return the CPU torch generator of one named stream (see :func:`numpy_stream`)."""
    import torch

    seed = int(_sequence(role, *keys).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.Generator().manual_seed(seed)
