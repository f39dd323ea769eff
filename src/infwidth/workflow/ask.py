"""Have a job done by a child of one of the workflow's fork servers: ``python -I -S ask.py cell 0123456789abcdef …``.

Runs before every job, so that its start is a cost of every job: no site-packages, and of the standard library what is
built in. Without a fork server (no variable INFWIDTH_FORKS, no sockets on this file system, no Linux) the job runs in a
process of its own.
"""

# pathlib, and what socket imports beside what is built in, take longer to import than all that is done here.
# ruff: noqa: PTH103, PTH109, PTH118, PTH123

import _socket
import array
import fcntl
import os
import sys
import time

_PATIENCE = 60.0  # seconds until a server that has just been started listens


def main() -> int:
    """Return the exit status of the job that the command line names, with what the workflow tells all of them."""
    arguments = [*sys.argv[1:], *os.environ.get("INFWIDTH_TOLD", "").split()]
    connection = _connected(arguments)
    if connection is None:
        os.execv(sys.executable, [sys.executable, "-m", "infwidth.workflow.tasks", *arguments])
    try:
        _say(connection, "", os.getcwd(), *arguments)
        status = connection.recv(64)  # when the job is over; nothing if the server died
    except OSError:
        status = b""
    if not status:
        print("error: the process that starts jobs was killed; run the same command again", file=sys.stderr)
        return 1
    return int(status)


def _say(connection: _socket.socket, *words: str) -> None:
    """Send words, and with them where to write: to this process's standard output and error."""
    streams = _socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [1, 2])
    connection.sendmsg([os.fsencode("\0".join(words))], [streams])


def _connected(arguments: list[str]) -> _socket.socket | None:
    """Return a connection to the server for such a job, started if need be; None where there can be none."""
    folder, name = os.path.split(os.environ.get("INFWIDTH_FORKS", ""))
    if not name or not sys.platform.startswith("linux"):
        return None
    light, heavy = (os.path.join(folder, f"{kind}-{name}") for kind in ("tables", "cells"))
    try:
        os.makedirs(folder, exist_ok=True)
        return _there(heavy, light, arguments) if arguments[0] == "cell" else _there(light)
    except OSError:
        return None


def _there(path: str, light: str = "", arguments: list[str] | None = None) -> _socket.socket | None:
    """Return a connection to the server at ``path``, which, if there is none, is started, or forked from ``light``."""
    if connection := _try(path):
        return connection
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _try(path) or (_branch(path, light, arguments) if arguments else _start(path))


def _try(path: str) -> _socket.socket | None:
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _start(path: str) -> _socket.socket | None:
    import subprocess

    server = subprocess.Popen(
        [sys.executable, "-m", "infwidth.workflow.forks", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for the workflow; the server ends with it
    )
    until = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < until:
        if connection := _try(path):
            return connection
        time.sleep(0.01)
    return None


def _branch(path: str, light: str, arguments: list[str]) -> _socket.socket | None:
    """Have the light server fork the heavy one, which thereby has what both need."""
    connection = _there(light)
    if connection is None:
        return None
    _say(connection, path, os.getcwd(), *arguments)
    connection.recv(1)  # nothing, when it listens or is dead
    return _try(path)


if __name__ == "__main__":
    sys.exit(main())
