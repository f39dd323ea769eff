"""Snakemake in a process of its own that need not import it: a child of a server that has, once for all tests.

Half of the time of a dry run is this import, and of a small run what its fork server imports, which has it from there
too. Nothing of infwidth is imported before: it is that of the clone. Tests of how a workflow is started and stopped
start it as a person does.
"""

import multiprocessing
import os
import sys
from pathlib import Path

_DRAWING = ["pandas", "pyarrow.parquet", "scipy.stats", "seaborn", "matplotlib.backends.backend_pdf"]
_TRAINING = ["torch", "torch._dynamo"]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["snakemake.cli", "pydantic", "yaml", *_DRAWING, *_TRAINING, __name__])


def snakemake_in_child(arguments: list[str], project: Path, environment: dict[str, str], output: Path) -> int:
    """Run Snakemake in a clone; return its exit status. Standard output and error are written to ``output``."""
    child = _CONTEXT.Process(target=_become, args=(arguments, project, environment, output))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def _become(arguments: list[str], project: Path, environment: dict[str, str], output: Path) -> None:
    with output.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(project)
    sys.path.insert(0, str(project / "src"))
    sys.argv = ["snakemake", *arguments]
    assert "infwidth" not in sys.modules
    if "--dry-run" not in arguments and not any(word.startswith("papers_dir=") for word in arguments):
        _serve(os.getpid())
    from snakemake.cli import main

    main()


def _serve(owner: int) -> None:
    """Start the fork server that the first job would; not where the rules have yet to say whose papers there are."""
    if os.fork():
        return
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        from infwidth.plan.places import KEPT
        from infwidth.workflow import progress
        from infwidth.workflow.forks import Server, address

        KEPT.mkdir(parents=True, exist_ok=True)
        # What a workflow has told its environment before its first job.
        os.environ.setdefault("NUMBA_CACHE_DIR", str((KEPT / "numba").absolute()))
        os.environ[progress.VARIABLE] = str(progress.file_of(owner))
        place = address(KEPT, owner)
        Server(place.with_name(f"tables-{place.name}"), owner).serve()
    finally:
        os._exit(0)
