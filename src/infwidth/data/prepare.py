"""Preparing a data set: find its source, convert it to the one form of its kind, and record what came out."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infwidth.data import current, drawing_sources, image_sources, model_sources, own_sets, text_sources
from infwidth.data.arrays import is_disk_full
from infwidth.data.imagenet import imagenet
from infwidth.data.record import (
    RECORD,
    content_digest,
    describe_files,
    remember_large,
    sealed,
    staged_folder,
    write_json,
)
from infwidth.data.registry import dataset
from infwidth.data.sources import SourceFinder
from infwidth.errors import DataError, SpecError, nearest

# How each data set is read. A converter's own keyword arguments are the options of its data set.
CONVERTERS: dict[str, Callable[..., None]] = {
    "mnist5k": image_sources.mnist5k,
    "mnist5k_model": model_sources.mnist5k_model,
    "mnist": image_sources.idx,
    "fashion_mnist": image_sources.idx,
    "cifar10": image_sources.cifar10,
    "cifar10_model": model_sources.cifar10_model,
    "cifar5m": image_sources.cifar5m,
    "imagenet": imagenet,
    "omniglot": drawing_sources.omniglot,
    "wikipedia_sample": text_sources.wikipedia_sample,
    "wikitext2": text_sources.wikitext,
    "wikitext103": text_sources.wikitext,
    "text8": text_sources.running_text,
    "fil9": text_sources.running_text,
    "wiki8": text_sources.running_text,
    "analogies": text_sources.analogies,
}


def prepare(name: str, data_dir: Path, out_dir: Path, *, workers: int = 1, **options: Any) -> dict[str, Any]:
    """Prepare the data set ``name`` in ``out_dir`` and return its record.

    Prepared forms, by kind (all arrays are npy files that can be mapped into memory):

    - images: x_train, x_test uint8 [P, H, W, C]; y_train, y_test int64 [P]
    - image_model: mean, basis, weights, centres, factors of a mixture a class (see ``model_sources``); x_test, y_test
    - tokens: train, valid, test uint16 or int32 [n]; vocabulary.json, the words by id (see ``text_sources``)
    - drawings: x uint8 {0,1} [32460, 28, 28]; label, drawer int64; background bool
    - analogies: questions.json, {section: [[a, b, c, d], …]}

    Photographs are done by ``workers`` threads. ``out_dir`` appears whole or not at all, and replaces what was there.
    Its record.json holds name, version, kind, options, sha256 (of all files with their names), files, source (origin
    and sha256 of each file used), licence, citation and its own checksum: no times and no paths of this machine, so
    that preparing the same source twice gives the same bytes.

    Raises SpecError for an unknown name or option, and DataError where the source is absent or broken or the disk full.
    """
    entry = dataset(name)
    converter = own_sets.converter(entry) if entry.own else CONVERTERS[name]
    settings = _settings(name, converter, options)
    finder = SourceFinder(entry, data_dir, half_done=out_dir.with_name(f".{out_dir.name}.half_done"), workers=workers)
    try:
        with staged_folder(out_dir) as folder:
            converter(finder, folder, **settings)
            files = describe_files(folder)
            record = sealed(
                {
                    "name": entry.name,
                    "version": entry.version,
                    "kind": entry.kind,
                    "options": settings,
                    "sha256": content_digest(files),
                    "files": files,
                    "source": finder.used,
                    "licence": entry.licence,
                    "citation": entry.citation,
                }
            )
            for file, description in files.items():
                remember_large(folder / file, description["sha256"])
            current.remember(name, options, data_dir, folder)
            write_json(folder / RECORD, record)
    except OSError as error:
        if not is_disk_full(error):
            raise
        place = f" ({error.filename})" if error.filename else ""
        raise DataError(f"data set '{name}': the disk is full{place}; make room there and run again") from error
    return record


def _settings(name: str, converter: Callable[..., None], options: dict[str, Any]) -> dict[str, Any]:
    """Return all options of a converter with their defaults; raises SpecError for one unknown or missing."""
    known = {p.name: p.default for p in inspect.signature(converter).parameters.values() if p.kind is p.KEYWORD_ONLY}
    takes = f"its options are {', '.join(known)}" if known else "it has no options"
    for option in options:
        if option not in known:
            raise SpecError(f"data set '{name}' has no option '{option}'{nearest(option, known)}; {takes}")
    settings = known | options
    if missing := [option for option, value in settings.items() if value is inspect.Parameter.empty]:
        raise SpecError(f"data set '{name}' needs the option {', '.join(missing)}; {takes}")
    return settings
