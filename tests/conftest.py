"""What all tests share: one thread, so that timings and bits do not depend on the machine's load; embedded digits."""

import os
from functools import cache
from pathlib import Path

import pytest
import torch
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from infwidth.data.prepare import prepare
from infwidth.places import OWN_PAPERS

os.environ.pop(OWN_PAPERS, None)  # tests are of the papers of the package


class ByFile(LoadScopeScheduling):
    """Keeps the tests of a file in one process, since they share fixtures, and all files that read the one smoke run.

    A scheduler of our own, because xdist's groups are lost in the node ids of pytest 9.2 without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "smoke" if _reads_the_smoke_run(file) else file


@cache
def _reads_the_smoke_run(file: str) -> bool:
    return "smoke: Path" in (Path(__file__).parents[1] / file).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Return what hands the tests to the processes."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the smoke run, then what else runs Snakemake: no process is left with the longest at the end."""
    items.sort(key=lambda item: (not _reads_the_smoke_run(item.location[0]), "workflow" not in item.path.parts))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mnist5k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the prepared digits; tests do not write to it."""
    folder = tmp_path_factory.mktemp("prepared") / "mnist5k"
    prepare("mnist5k", folder.parent / "no data folder", folder)
    return folder
