"""A fork server: a process that has imported what jobs need, and forks a child a job, in hundredths of a second.

Two servers a workflow, each started by the first job that asks for it (see :mod:`infwidth.workflow.ask`): one for what
is made of tables, which forks in a third of the time because it never loads torch, and, forked from it before the first
cell, one that does. Each listens at a socket whose name says whose it is: ``tables-<host>-<process>.sock``, or
``cells-…``. It computes nothing itself. A child is killed when whoever asked for it is gone; all are, with the server,
when the workflow's process is.
"""

import contextlib
import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from infwidth.workflow import tasks

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


class Server:
    """Serves until the process ``owner`` ends."""

    def __init__(self, path: Path, owner: int) -> None:
        self._owner = os.pidfd_open(owner)  # first: who asks for a dead workflow finds no server
        path.unlink(missing_ok=True)
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with _private():
            self._listener.bind(str(path))
        self._listener.listen(128)
        self._waiting: set[socket.socket] = set()
        self._jobs: dict[int, tuple[int, socket.socket]] = {}  # handle of a child → its number, who asked
        self._events = selectors.DefaultSelector()
        for source in (self._listener, self._owner):
            self._events.register(source, selectors.EVENT_READ)

    def serve(self) -> None:
        """Start jobs and report their ends."""
        try:
            while True:
                for key, _ in self._events.select():
                    source = key.fileobj
                    if source == self._owner:
                        return
                    if source is self._listener:
                        self._accept()
                    elif source in self._jobs:
                        self._ended(int(key.fd))
                    elif isinstance(source, socket.socket) and source.fileno() >= 0:
                        self._spoken(source)
        finally:
            for child, _ in self._jobs.values():
                _kill(child)
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        self._waiting.add(connection)
        self._events.register(connection, selectors.EVENT_READ)

    def _spoken(self, connection: socket.socket) -> None:
        """Start the job that was asked for; or, if who asked is gone, kill it."""
        if connection not in self._waiting:
            for child, asker in self._jobs.values():
                if asker is connection:
                    _kill(child)
            self._events.unregister(connection)
            return
        self._waiting.remove(connection)
        message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        if len(streams) < 2:
            self._events.unregister(connection)
            connection.close()
            return
        server, folder, *arguments = os.fsdecode(message).split("\0")
        if server:
            self._events.unregister(connection)
            self._branch(Path(server), arguments, connection, streams)
            connection.close()
            for stream in streams:
                os.close(stream)
            return
        tasks.load_modules(arguments)
        child = _fork()
        if child == 0:
            self._become(arguments, folder, streams)
        for stream in streams:
            os.close(stream)
        handle = os.pidfd_open(child)
        self._jobs[handle] = (child, connection)
        self._events.register(handle, selectors.EVENT_READ)

    def _branch(self, place: Path, arguments: list[str], connection: socket.socket, streams: list[int]) -> None:
        """Fork another server, for jobs such as this: it begins with the plan, and loads what is heavy alone.

        The connection is closed when it listens, or is dead.
        """
        tasks.load_plan(arguments)
        if _fork():
            return
        status = 1
        try:
            for key in list(self._events.get_map().values()):  # who speaks there speaks to the first server
                key.fileobj.close() if isinstance(key.fileobj, socket.socket) else os.close(key.fd)
            for stream in streams:
                os.close(stream)
            server = _server(place)
            connection.close()
            server.serve()
            status = 0
        finally:
            os._exit(status)

    def _become(self, arguments: list[str], folder: str, streams: list[int]) -> NoReturn:
        """Do a job, as a child."""
        status = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            for target, stream in enumerate(streams, start=1):
                os.dup2(stream, target)
                os.close(stream)
            self._events.close()
            self._listener.close()
            os.chdir(folder)
            status = tasks.main(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _ended(self, handle: int) -> None:
        child, connection = self._jobs.pop(handle)
        self._events.unregister(handle)
        os.close(handle)
        _, how = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(how)
        with contextlib.suppress(OSError):
            connection.send(str(code if code >= 0 else 128 - code).encode())
        with contextlib.suppress(KeyError, ValueError):
            self._events.unregister(connection)
        connection.close()


@contextlib.contextmanager
def _private() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _fork() -> int:
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the child
    return os.fork()


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def address(kept: Path, workflow: int) -> Path:
    """Return the socket of the servers of a workflow's process; each server's kind goes before the name."""
    return kept / f"{socket.gethostname()}-{workflow}.sock"


def announce(kept: Path, told: str) -> None:
    """Say in the environment of this process, a workflow's, how its jobs are asked for, and what all are told.

    The sockets' path is relative to the working folder: long paths are no addresses.
    """
    os.environ |= {
        "INFWIDTH_FORKS": str(address(kept, os.getpid())),
        "INFWIDTH_PYTHON": sys.executable,
        "INFWIDTH_ASK": str(Path(__file__).with_name("ask.py")),
        "INFWIDTH_TOLD": told,
    }
    os.environ.setdefault("NUMBA_CACHE_DIR", str((kept / "numba").absolute()))


def _server(place: Path) -> Server:
    """Return one that serves until the process ends whose number the socket's name says."""
    return Server(place, int(place.stem.rpartition("-")[2]))


if __name__ == "__main__":
    _server(Path(sys.argv[1])).serve()
