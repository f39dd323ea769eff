"""Where a number comes from: code, versions, machine, data and cost, recorded with every cell."""

import platform
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import infwidth


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def processor() -> str:
    """Return the model of this machine's processor and the widest vectors it has, which decide how sums are rounded."""
    try:
        facts = [line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return platform.processor() or platform.machine()
    known = {key.strip(): value.strip() for key, _, value in reversed(facts)}  # of the first core
    flags = known.get("flags", known.get("Features", "")).split()
    vectors = next((name for flag, name in _VECTORS.items() if flag in flags), "")
    model = known.get("model name") or platform.processor() or platform.machine()
    return f"{model} ({vectors})" if vectors else model


#: Flag of the kernel → vectors, the widest first.
_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sve": "SVE", "asimd": "NEON"}


#: What is no text in a provenance.
_NUMBERS: dict[str, Callable[[str], Any]] = {
    "dirty": lambda text: text == "True",
    "threads": int,
    "wall_seconds": float,
    "cpu_seconds": float,
    "peak_memory_mib": int,
}


def from_texts(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the provenance that a row of ``cells.csv`` tells, in the types of :meth:`Meter.record`."""
    return {key: _NUMBERS.get(key, str)(text) for key, text in row.items() if text != ""}


class Meter:
    """Starts counting when made; :meth:`record` returns the provenance of what was computed since."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def spent(self) -> tuple[float, float]:
        """Wall and CPU seconds so far."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def add(self, wall: float, cpu: float) -> None:
        """Count seconds that an earlier process spent on the same thing."""
        self._wall -= wall
        self._cpu -= cpu

    def record(self, **facts: Any) -> dict[str, Any]:
        """Return ``facts`` with version, commit, machine and cost (seconds; MiB of peak memory) added."""
        wall, cpu = self.spent
        return {
            **facts,
            "version": infwidth.__version__,
            "commit": _git("rev-parse", "HEAD") or "unknown",
            # What decides the numbers is the code, so only it can make the tree dirty.
            "dirty": bool(_git("status", "--porcelain", "--", ".", ":/requirements.lock")),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(cpu, 3),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
