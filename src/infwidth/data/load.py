"""The data of a cell, whatever its kind, from the block of its spec."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from infwidth.data.forms import LOADERS, form_of
from infwidth.data.identity import prepared_name
from infwidth.data.record import read_record
from infwidth.registry import load

if TYPE_CHECKING:
    from infwidth.data.drawings import Drawings
    from infwidth.data.images import Images
    from infwidth.data.tokens import Corpus, Windows

#: What the trainer takes: examples with labels.
Labelled: TypeAlias = "Images | Windows"
Data: TypeAlias = "Labelled | Corpus | Drawings"


def load_data(prepared: Path, block: Mapping[str, Any]) -> "Data":
    """Load the data set ``name`` of a spec's data block, its other entries being how, from the folder ``prepared``.

    ``options`` of the block are those with which it was prepared, and say which of its prepared forms is meant.
    Raises what the loaders raise.
    """
    how = {key: value for key, value in block.items() if key not in ("name", "options")}
    folder = prepared / prepared_name(block["name"], block.get("options"))
    if "questions" in block:
        how["questions"] = prepared / block["questions"]
    data: Data = load(LOADERS, form_of(block, read_record(folder)["kind"]), kind="form of data")(folder, **how)
    return data
