"""What all tests share: one thread, so that timings and bits do not depend on the machine's load; embedded digits."""

import os
from pathlib import Path

import pytest
import torch

from infwidth.data.prepare import prepare
from infwidth.places import OWN_PAPERS

os.environ.pop(OWN_PAPERS, None)  # tests are of the papers of the package


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, since they share fixtures, and all files that read the one smoke run.

    That run comes first, then what else runs Snakemake: a process that begins with the longest is not left with it.
    """
    reading = {item.path for item in items if "smoke" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("smoke" if item.path in reading else str(item.path)))
    items.sort(key=lambda item: (item.path not in reading, "workflow" not in item.path.parts))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mnist5k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the prepared digits; tests do not write to it."""
    folder = tmp_path_factory.mktemp("prepared") / "mnist5k"
    prepare("mnist5k", folder.parent / "no data folder", folder)
    return folder
