"""An executed notebook as a page of Markdown: its words, its code, what that printed, and the pictures it drew."""

import base64
import json
from pathlib import Path
from typing import Any

from infwidth.errors import DataError


def notebook_page(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """Return the Markdown of ``notebook`` and its pictures, name → PNG, which the page expects in its own folder.

    Raises DataError for a file that is no notebook of format 4.
    """
    try:
        document = json.loads(notebook.read_text(encoding="utf-8"))
        cells, parts = document["cells"], list[str]()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{notebook}: not a notebook of format 4 ({error})") from error
    pictures: dict[str, bytes] = {}
    for number, cell in enumerate(cells, 1):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            if printed := _printed(output):
                parts.append(f"```text\n{printed.rstrip()}\n```")
            if png := output.get("data", {}).get("image/png"):
                name = f"{notebook.stem}_{number}.png"
                pictures[name] = base64.b64decode("".join(png))
                parts.append(f"![What the code above draws]({name})")
    parts.append(f"This page is the notebook [{notebook.name}]({notebook.name}).")
    return "\n\n".join(parts) + "\n", pictures


def _printed(output: dict[str, Any]) -> str:
    """Return the text of an output; of a picture there is none to show."""
    data = output.get("data", {})
    return "".join(output.get("text", "") if not data else "" if "image/png" in data else data.get("text/plain", ""))
