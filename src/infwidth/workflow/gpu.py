"""Whether this machine has a GPU, known without importing torch, which would cost seconds at every parse."""

from pathlib import Path


def gpu_is_used(device: str) -> bool:
    """Return whether trainings run on a GPU: asked for, or (``device`` auto) there, which a driver's node tells."""
    return device == "cuda" or (device == "auto" and Path("/dev/nvidiactl").exists())
