"""Memory is asked for before it is taken."""

from pathlib import Path

import torch

from infwidth.errors import SpecError


def free_bytes(device: torch.device) -> int | None:
    """Return how many bytes are free on a device; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    told = Path("/proc/meminfo")
    if device.type != "cpu" or not told.exists():
        return None
    line = next((line for line in told.read_text().splitlines() if line.startswith("MemAvailable")), None)
    return None if line is None else 1024 * int(line.split()[1])


def check_free(needed: int, what: str, instead: str, device: torch.device) -> None:
    """Raise SpecError if ``needed`` bytes are not free: ``what`` takes them, and ``instead`` would not."""
    free = free_bytes(device)
    if free is not None and needed > free:
        raise SpecError(
            f"{what} takes {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free on {device}: {instead}"
        )
