"""The one way in which numbers are printed: pages, README, manuscript and command line."""

import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEAST = 0.01  # minutes; what takes less than that is shown as less, not as nothing


def number(value: float) -> str:
    """Return a measured number: three digits, a true minus sign, powers of ten written out; NaN is a dash."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    power = f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}" if exponent else ""
    return mantissa.replace("-", "−") + power


def interval(low: float, high: float) -> str:
    """Return an interval, from … to."""
    return f"{number(low)} … {number(high)}"


def minutes(value: float | None) -> str:
    """Return minutes with two decimals; a dash where they are not known."""
    if value is None or math.isnan(value):
        return "—"
    return f"< {_LEAST}" if value < _LEAST else f"{value:.2f}"


def seconds(value: float) -> str:
    """Return seconds with one decimal."""
    return f"{value:.1f}"
