"""Labelled data for training, whatever its kind: images with classes, or windows of a text with their next words."""

from pathlib import Path
from typing import Any

from infwidth.data.images import Images, load_images
from infwidth.data.tokens import Windows, load_windows

Labelled = Images | Windows


def load_labelled(prepared_dir: Path, **options: Any) -> Labelled:
    """Load what ``prepare`` wrote with the options of a spec: windows of a text where they say ``context``, or images.

    Raises what :func:`load_images` and :func:`load_windows` raise.
    """
    return load_windows(prepared_dir, **options) if "context" in options else load_images(prepared_dir, **options)
