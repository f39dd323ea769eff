"""Snakemake in a process of its own that need not import it: a child of a server that has, once for all tests.

Half of the time of a dry run is this import. Nothing of infwidth is imported before: it is that of the clone. Tests of
how a workflow is started and stopped start it as a person does.
"""

import multiprocessing
import os
import sys
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["snakemake.cli", "pydantic", "yaml", __name__])


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
    from snakemake.cli import main

    main()
