"""The four scales: the same code with a column of values for each.

In ``experiments.yaml`` a value is either one value for all scales or a mapping with one value a scale.
"""

from typing import Any

from infwidth.errors import SpecError, nearest

SCALES = ("smoke", "laptop", "workstation", "paper")


def at_scale(document: Any, scale: str, *, where: str = "top level") -> Any:
    """Return ``document`` with every mapping over scales replaced by its value at ``scale``.

    Raises SpecError for an unknown scale and for a mapping that names some scales but not all.
    """
    if scale not in SCALES:
        raise SpecError(f"unknown scale '{scale}'{nearest(scale, SCALES)}; the scales are {', '.join(SCALES)}")
    if isinstance(document, list):
        return [at_scale(item, scale, where=f"{where}[{index}]") for index, item in enumerate(document)]
    if not isinstance(document, dict):
        return document
    if any(key in SCALES for key in document):
        missing = [name for name in SCALES if name not in document]
        unknown = [str(key) for key in document if key not in SCALES]
        if missing or unknown:
            hint = f"; not a scale: {', '.join(unknown)}" if unknown else ""
            raise SpecError(f"{where}: a value by scale needs all four scales; missing: {', '.join(missing)}{hint}")
        return document[scale]
    return {key: at_scale(value, scale, where=f"{where}.{key}") for key, value in document.items()}
