"""Snakemake's lock of a folder, taken over from a run that is dead: after any kill the same command goes on.

Every run holds a shared lock of the system (flock) on one file for as long as its process lives; the system drops it,
whatever ended the process. Who can have it alone knows that no run is alive, and that a lock of Snakemake's is a dead
one's. Two live runs keep excluding each other, as Snakemake has it.
"""

import fcntl
import os
import socket
from pathlib import Path

_held: list[int] = []  # open, and so locked, until this process ends


def take_over(kept: Path, snakemake_locks: Path) -> bool:
    """Hold the lock of this run; return whether locks of a dead run were removed on the way.

    On file systems without such locks, and where the last run was on another machine, nothing is removed.
    """
    here = socket.gethostname()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        held = os.open(kept / "run.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return False
    _held.append(held)
    removed = False
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # another run is alive
        else:
            last = os.pread(held, 256, 0).decode(errors="replace")
            for lock in snakemake_locks.glob("*.lock") if last == here else ():
                lock.unlink(missing_ok=True)
                removed = True
            os.pwrite(held, here.encode(), 0)
            os.ftruncate(held, len(here.encode()))
        fcntl.flock(held, fcntl.LOCK_SH)
    except OSError:
        return False
    return removed
