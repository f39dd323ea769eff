"""A Slurm cluster of this one machine, for tests: its own configuration, ports and key, gone when the test is over."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")


def why_not() -> str:
    """Return why there can be no cluster here; empty where there can."""
    if absent := [program for program in PROGRAMS if not shutil.which(program)]:
        return f"no Slurm on this machine: {', '.join(absent)} not found (on Debian: slurm-wlm and munge)"
    return "" if os.geteuid() == 0 else "only root may start Slurm's daemons"


def _configuration(folder: Path, ports: list[int]) -> str:
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    node = socket.gethostname().partition(".")[0]
    return f"""
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
NodeName={node} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory_mib * 9 // 10}
PartitionName=all Nodes={node} Default=YES
"""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def _daemon(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(timeout=20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _says(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.strip()


def _wait(what: str, folder: Path, seconds: float = 60) -> Iterator[None]:
    """Yield until the caller has seen what it waits for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
        time.sleep(0.2)
    logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.log")))
    raise AssertionError(f"{what} after {seconds} s:\n{logs}")


def _srun(folder: Path) -> None:
    """Write a srun that knows the cluster: in a job the executor plugin drops all of SLURM_… from its environment."""
    script = folder / "bin" / "srun"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    script.chmod(0o755)


def variables(folder: Path) -> dict[str, str]:
    """Return the environment variables that make Slurm's programs talk to the cluster in ``folder``."""
    return {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


@contextmanager
def cluster(folder: Path) -> Iterator[None]:
    """Start the daemons with their files in ``folder``; the environment must be that of :func:`variables`.

    At the end jobs are cancelled and the daemons stopped, whatever happened.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    _srun(folder)
    (folder / "slurm.conf").write_text(_configuration(folder, _free_ports(2)))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    files = (f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed"))
    with (
        _daemon("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *files),
        _daemon("slurmctld", "-D", "-f", str(folder / "slurm.conf")),
        _daemon("slurmd", "-D", "-f", str(folder / "slurm.conf")),
    ):
        for _ in _wait("the node is not ready", folder):
            if _says("sinfo", "--noheader", "--format=%T") == "idle":
                break
        try:
            yield
        finally:
            _says("scancel", "--full", "--user=root")
            for _ in _wait("jobs are still there", folder):
                if not _says("squeue", "--noheader"):
                    break
