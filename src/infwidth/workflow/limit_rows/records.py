"""What the rows of a limit are made of."""

from collections.abc import Mapping
from typing import Any

Limit = Mapping[str, Any]
Record = tuple[str, str, int, float]  # metric, layer, index, value
