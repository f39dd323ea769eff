import re
import subprocess
import sys

import pytest

from infwidth.data.prepare import CONVERTERS
from infwidth.data.registry import DATASETS, dataset
from infwidth.data.torchvision_sets import official_sources
from infwidth.errors import SpecError


def test_the_registry_loads_the_standard_library_only():
    code = (
        "import sys, infwidth.data.registry; "
        "print([m for m in ('numpy', 'torch', 'mlxtend', 'gensim', 'PIL', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(SpecError, match="did you mean 'cifar10'"):
        dataset("cifar-10")


def test_every_data_set_has_a_way_to_get_it_and_a_converter():
    assert set(CONVERTERS) == set(DATASETS)
    for entry in DATASETS.values():
        assert entry.embedded or entry.sources or entry.torchvision or entry.how_to_get, entry.name
        assert entry.licence, entry.name
        assert entry.citation, entry.name


def test_checksums_are_well_formed_and_never_shared():
    sources = [source for entry in DATASETS.values() for source in entry.sources]
    sources += [s for entry in DATASETS.values() if entry.torchvision for s in official_sources(entry.torchvision)]
    sums = [checksum for source in sources for checksum in (source.checksum, source.content) if checksum]
    assert len(sums) == len(sources) - 6  # the six parts of CIFAR-5m, of which none is published
    assert all(re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", s) for s in sums)
    assert len(set(sums)) == len(sums)
