"""Which figures are published, at which scales."""

import json
from pathlib import Path

from infwidth.errors import DataError


def published_scales(published: Path) -> dict[str, list[str]]:
    """Return figure → the scales it is published at, from the images and the manifests of ``results/published``.

    Raises DataError where a manifest says that a figure was not run, and its image is there.
    """
    scales: dict[str, list[str]] = {}
    for folder in sorted(path.parent for path in published.glob("*/MANIFEST.json")):
        not_run = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["figures_not_run"]
        for image in sorted((folder / "figures").glob("*.png")):
            if image.stem in not_run:
                raise DataError(f"{image} is there, and {folder / 'MANIFEST.json'} says it was not run")
            scales.setdefault(image.stem, []).append(folder.name)
    return scales
