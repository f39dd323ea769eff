"""Have a job done by a child of one of the workflow's fork servers: ``python -I -S ask.py cell 0123456789abcdef …``.

Runs before every job, so that its start is a cost of every job: standard library only, no site-packages. Without a
fork server (no variable INFWIDTH_FORKS, no sockets on this file system, no Linux) the job runs in a process of its own.
"""

# pathlib takes longer to import than all that is done here.
# ruff: noqa: PTH103, PTH109, PTH118, PTH120, PTH123

import fcntl
import json
import os
import socket
import subprocess
import sys
import time

_PATIENCE = 60.0  # seconds until a server that has just been started listens


def main() -> int:
    """Return the exit status of the job that the command line names, with what the workflow tells all of them."""
    arguments = [*sys.argv[1:], *os.environ.get("INFWIDTH_TOLD", "").split()]
    connection = _connected(_server(arguments[0]))
    if connection is None:
        os.execv(sys.executable, [sys.executable, "-m", "infwidth.workflow.tasks", *arguments])
    message = json.dumps({"arguments": arguments, "folder": os.getcwd()}).encode()
    try:
        socket.send_fds(connection, [message], [1, 2])
        status = connection.recv(64)  # when the job is over; nothing if the server died
    except OSError:
        status = b""
    if not status:
        print("error: the process that starts jobs was killed; run the same command again", file=sys.stderr)
        return 1
    return int(status)


def _server(kind: str) -> str:
    """Return the path of the socket at which jobs of a kind are asked for: only cells want torch."""
    folder, name = os.path.split(os.environ.get("INFWIDTH_FORKS", ""))
    return os.path.join(folder, f"{'cells' if kind == 'cell' else 'tables'}-{name}") if name else ""


def _connected(path: str) -> socket.socket | None:
    """Return a connection to the server at ``path``, started if need be; None where there can be none."""
    if not path or not sys.platform.startswith("linux"):
        return None
    try:
        if connection := _try(path):
            return connection
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _try(path) or _start(path)
    except OSError:
        return None


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


if __name__ == "__main__":
    sys.exit(main())
