"""The manuscript: our report set as a PDF. What it prints is one JSON file; the Typst template is compiled on it."""

import dataclasses
import json
import shutil
from pathlib import Path

from infwidth.errors import DataError
from infwidth.files import replacing, write_text
from infwidth.report.contents import Contents, part_reproduced


def write_manuscript(contents: Contents, template: Path, bibliography: Path, output: Path, root: Path) -> None:
    """Write ``output`` (PDF) from the template, and beside it in ``manuscript/`` all it is made of but the pictures.

    ``root``, a folder that ``output`` is in, is that of the paths of pictures. The same contents give the same bytes:
    no date, no fonts but the compiler's own. Raises DataError if the compiler is not installed or refuses.
    """
    try:
        import typst
    except ImportError as error:
        raise DataError("the manuscript needs the package typst: pip install typst") from error
    folder = output.parent / "manuscript"
    data = dataclasses.asdict(contents) | {"part_reproduced": part_reproduced(contents.claims)}
    write_text(folder / "data.json", json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    for source in (template, bibliography):
        shutil.copyfile(source, folder / source.name)
    try:
        pdf = typst.compile(
            str(folder / template.name),
            root=str(root),
            ignore_system_fonts=True,
            format="pdf",
            timestamp=0,
        )
    except typst.TypstError as error:
        raise DataError(f"{template}: {error}") from error
    with replacing(output) as temporary:
        temporary.write_bytes(pdf)
