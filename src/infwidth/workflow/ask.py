"""Have a job done by a child of one of the workflow's fork servers: ``python -I -S ask.py cell 0123456789abcdef …``.

Runs before every job, so that its start is a cost of every job: standard library only, no site-packages. Without a
fork server (no variable INFWIDTH_FORKS, no sockets on this file system, no Linux) the job runs in a process of its own.
"""

# pathlib takes longer to import than all that is done here.
# ruff: noqa: PTH103, PTH109, PTH118, PTH123

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

_PATIENCE = 60.0  # seconds until a server that has just been started listens


def main() -> int:
    """Return the exit status of the job that the command line names, with what the workflow tells all of them."""
    arguments = [*sys.argv[1:], *os.environ.get("INFWIDTH_TOLD", "").split()]
    connection = _connected(arguments)
    if connection is None:
        os.execv(sys.executable, [sys.executable, "-m", "infwidth.workflow.tasks", *arguments])
    try:
        _say(connection, arguments=arguments, folder=os.getcwd())
        status = connection.recv(64)  # when the job is over; nothing if the server died
    except OSError:
        status = b""
    if not status:
        print("error: the process that starts jobs was killed; run the same command again", file=sys.stderr)
        return 1
    return int(status)


def _say(connection: socket.socket, **what: object) -> None:
    socket.send_fds(connection, [json.dumps(what).encode()], [1, 2])


def _connected(arguments: list[str]) -> socket.socket | None:
    """Return a connection to the server for such a job, started if need be; None where there can be none."""
    folder, name = os.path.split(os.environ.get("INFWIDTH_FORKS", ""))
    if not name or not sys.platform.startswith("linux"):
        return None
    light, heavy = (os.path.join(folder, f"{kind}-{name}") for kind in ("tables", "cells"))
    try:
        os.makedirs(folder, exist_ok=True)
        if arguments[0] != "cell":
            return _there(light, lambda: _start(light))
        return _there(heavy, lambda: _branch(light, heavy, arguments))
    except OSError:
        return None


def _there(path: str, start: Callable[[], socket.socket | None]) -> socket.socket | None:
    """Return a connection to the server at ``path``, which ``start`` brings there if there is none."""
    if connection := _try(path):
        return connection
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _try(path) or start()


def _try(path: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _start(path: str) -> socket.socket | None:
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


def _branch(light: str, heavy: str, arguments: list[str]) -> socket.socket | None:
    """Have the light server fork the heavy one, which thereby has what both need."""
    connection = _there(light, lambda: _start(light))
    if connection is None:
        return None
    _say(connection, server=heavy, arguments=arguments)
    connection.recv(1)  # nothing, when it listens or is dead
    return _try(heavy)


if __name__ == "__main__":
    sys.exit(main())
