"""The documentation as one folder of Markdown, with relative links only, or of HTML made from the same pages.

README, docs, notebooks, published pages, reference.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from infwidth.errors import DataError
from infwidth.files import write_text
from infwidth.report.notebooks import notebook_page
from infwidth.report.reference import reference
from infwidth.report.render import render_block

#: The menu of the HTML: page → its part of it, pairs of a heading and the pages under it.
_MENU = {
    "README.md": [
        ("Guides", "docs/*\nCONTRIBUTING"),
        ("Notebooks", "examples/notebooks/*"),
        ("Results", "results/published/*/README"),
        ("Reference", "reference/README"),
    ],
    "results/published/*/README.md": [("Pages", "papers/*\nclaims\nundecided*\ncatalog\nprovenance")],
    "reference/README.md": [("Modules", "infwidth*")],
}

#: A picture of a gallery that leads to a page.
_GALLERY = re.compile(r'(<a href="[^"]*)\.md(#[^"]*"><img )')


def write_site(root: Path, folder: Path) -> None:
    """Write the documentation of the clone at ``root`` into ``folder``, which must not exist or be empty.

    Raises DataError for a folder with something in it, or a ``root`` that is no clone.
    """
    _refuse_unless_empty(folder)
    if not (root / "README.md").exists():
        raise DataError(f"{root / 'README.md'} is not there: the documentation is written from a clone (--root)")
    pages = [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/*.md"), *root.glob("examples/*.py")]
    notebooks = sorted(root.glob("examples/notebooks/*.ipynb"))
    published = [path for path in (root / "results" / "published").rglob("*") if path.suffix in (".md", ".png")]
    for source in [*pages, *notebooks, *published, root / "CITATION.cff"]:
        target = folder / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for notebook in notebooks:
        page, pictures = notebook_page(notebook)
        target = folder / notebook.relative_to(root).with_suffix(".md")
        write_text(target, page)
        for name, png in pictures.items():
            target.with_name(name).write_bytes(png)
    modules = reference()
    for module in modules:
        write_text(folder / "reference" / f"{module.name}.md", render_block("reference", module=module) + "\n")
    write_text(folder / "reference" / "README.md", render_block("reference_index", modules=modules) + "\n")


def write_html(root: Path, folder: Path) -> None:
    """Write the same documentation as HTML by Sphinx, every warning an error: the first page is ``index.html``.

    Raises DataError as :func:`write_site` does, where Sphinx is not installed, and for pages that it warns of.
    """
    _refuse_unless_empty(folder)
    if missing := [name for name in ("sphinx", "myst_parser") if find_spec(name) is None]:
        raise DataError(
            f"HTML needs {' and '.join(missing)}: python -m pip install sphinx myst-parser (the extra 'docs'); "
            "without --html the same pages are written as Markdown"
        )
    with tempfile.TemporaryDirectory() as temporary:
        pages, html = Path(temporary) / "pages", Path(temporary) / "html"
        write_site(root, pages)
        for page in pages.glob("results/published/*/README.md"):  # Sphinx leaves the HTML of galleries as it is
            write_text(page, _GALLERY.sub(r"\1.html\2", page.read_text(encoding="utf-8")))
        for pattern, parts in _MENU.items():
            for page in pages.glob(pattern):
                write_text(page, page.read_text(encoding="utf-8") + "".join(_toctree(*part) for part in parts))
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
        command += ["-c", str(root / "docs"), "-d", f"{temporary}/doctrees", str(pages), str(html)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise DataError(f"Sphinx is not content with the pages:\n{done.stderr.replace(f'{pages}/', '').strip()}")
        for pictures in pages.glob("results/published/*/figures"):
            shutil.copytree(pictures, html / pictures.relative_to(pages))
        shutil.copyfile(html / "README.html", html / "index.html")
        shutil.copytree(html, folder, dirs_exist_ok=True)


def _refuse_unless_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: there is something in it; name a new folder, or an empty one")


def _toctree(caption: str, pages: str) -> str:
    return f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{pages}\n```\n"
