"""Whether trainings use a GPU, known without importing torch, which would cost seconds at every parse."""

from pathlib import Path


def gpu_is_used(device: str, *, here: bool) -> bool:
    """Return whether trainings run on a GPU: asked for (``device`` cuda), or auto and there, as a driver's node tells.

    ``here`` is whether trainings run on this machine at all; if they do not, auto is no GPU.
    """
    return device == "cuda" or (device == "auto" and here and Path("/dev/nvidiactl").exists())
