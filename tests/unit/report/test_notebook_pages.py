"""A notebook as a page: its words, code, prints and pictures; no repr of a picture."""

import base64
import json
from pathlib import Path

import pytest

from infwidth.errors import DataError
from infwidth.report.notebooks import notebook_page


def test_everything_of_it_is_on_its_page(tmp_path: Path) -> None:
    picture = {"image/png": base64.b64encode(b"PNG").decode(), "text/plain": ["<Figure>"]}
    outputs = [
        {"output_type": "stream", "text": ["one\n", "two\n"]},
        {"output_type": "display_data", "data": picture},
        {"output_type": "execute_result", "data": {"text/plain": ["2"]}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": ["1 + 1"], "outputs": outputs},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    page, pictures = notebook_page(tmp_path / "a.ipynb")
    assert page.startswith(
        "# Title\nwords\n\n```python\n1 + 1\n```\n\n```text\none\ntwo\n```\n\n"
        "![What the code above draws](a_2.png)\n\n```text\n2\n```\n\n"
    )
    assert pictures == {"a_2.png": b"PNG"}


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(DataError, match="not a notebook of format 4"):
        notebook_page(tmp_path / "a.ipynb")
