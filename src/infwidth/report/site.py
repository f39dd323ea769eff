"""The documentation as one folder of Markdown, with relative links only: README, docs, published pages, reference."""

import shutil
from pathlib import Path

from infwidth.errors import DataError
from infwidth.files import write_text
from infwidth.report.reference import reference
from infwidth.report.render import render_block


def write_site(root: Path, folder: Path) -> None:
    """Write the documentation of the clone at ``root`` into ``folder``, which must not exist or be empty.

    Raises DataError for a folder with something in it, or a ``root`` that is no clone.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: there is something in it; name a new folder, or an empty one")
    if not (root / "README.md").exists():
        raise DataError(f"{root / 'README.md'} is not there: the documentation is written from a clone (--root)")
    pages = [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/*.md"), *root.glob("examples/*.py")]
    published = [path for path in (root / "results" / "published").rglob("*") if path.suffix in (".md", ".png")]
    for source in [*pages, *published, root / "CITATION.cff"]:
        target = folder / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    modules = reference()
    for module in modules:
        write_text(folder / "reference" / f"{module.name}.md", render_block("reference", module=module) + "\n")
    write_text(folder / "reference" / "README.md", render_block("reference_index", modules=modules) + "\n")
