"""Publishing: small tables, claims and figures copied to ``results/published/<scale>`` with a manifest."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from infwidth.errors import DataError, SpecError
from infwidth.experiments.rehearsal import REHEARSAL
from infwidth.experiments.settings import CHANGED
from infwidth.files import write_text
from infwidth.report.elsewhere import keep_elsewhere
from infwidth.report.published import MANIFEST
from infwidth.report.readme import published_pages
from infwidth.report.render import write_pages

LARGEST = 2 * 2**20  # bytes; published tables are for reading and redrawing, not for storage


def publish(
    files: Mapping[str, Path],
    target: Path,
    *,
    left_out: list[str],
    drawn_by: Mapping[str, str],
    own: Sequence[str] = (),
) -> None:
    """Replace the content of ``target`` by ``files`` (name within it → source), a MANIFEST.json and pages to read.

    Where a run of another machine is replaced, its verdicts are kept beside; see :mod:`infwidth.report.elsewhere`.

    ``target`` is named as its scale; ``left_out`` names the figures that were not run at it, and the manifest says so,
    and of each figure the digest of the code that drew it, ``drawn_by``;
    ``own`` names papers that are not the repository's, which are never published with it.
    The new folder is built beside the old one and takes its place at the end. Raises DataError for a file over two MiB,
    and where figures that are published would be lost because they were not asked for; SpecError for a rehearsal,
    for changed settings and for papers of one's own.
    """
    if target.name.endswith(REHEARSAL):
        raise SpecError("the numbers of a rehearsal mean nothing, so that they are not published; set rehearsal=false")
    if CHANGED in target.name:
        raise SpecError("what is published has the papers' own settings; leave out set=…")
    if own:
        raise SpecError(
            f"published are the papers of the repository, and {', '.join(own)} would be among them; leave out "
            "papers_dir (and INFWIDTH_PAPERS_DIR)"
        )
    lost = [rule for rule in left_out if (target / "figures" / f"{rule}.png").exists()]
    if lost:
        raise DataError(
            f"{target}: {len(lost)} published figures ({lost[0]}, …) are not among those asked for and would be lost; "
            "publish all figures, or remove the folder first"
        )
    for name, source in files.items():
        if source.stat().st_size > LARGEST:
            raise DataError(
                f"{source}: too large to publish as {name} ({source.stat().st_size} bytes); reduce the table"
            )
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, source in sorted(files.items()):
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, fresh / name)
    keep_elsewhere(target, fresh)
    write_text(
        fresh / MANIFEST, json.dumps(_manifest(fresh, target.name, left_out, drawn_by), indent=1, sort_keys=True) + "\n"
    )
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    write_pages(published_pages(target), target)


def _manifest(folder: Path, scale: str, left_out: list[str], drawn_by: Mapping[str, str]) -> dict[str, Any]:
    cells = pd.read_csv(folder / "cells.csv")
    with_data = cells.dropna(subset=["dataset"])  # an exact limit may need none
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "scale": scale,
        "figures_not_run": left_out,
        "drawn_by": dict(drawn_by),
        "cells": len(cells),
        "wall_minutes": round(float(cells["wall_seconds"].sum()) / 60, 1),
        "commits": sorted(cells["commit"].unique().tolist()),
        "uncommitted_changes": bool(cells["dirty"].any()),
        "torch": sorted(cells["torch"].unique().tolist()),
        "devices": sorted(cells["device"].unique().tolist()),
        "datasets": dict(zip(with_data["dataset"], with_data["dataset_sha256"], strict=True)),
        "sha256": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        },
    }
