"""Exponents are exact rationals: here is what may be written for one."""

from fractions import Fraction

from infwidth.errors import SpecError

Rational = int | str | Fraction


def rational(value: object, name: str) -> Fraction:
    """Return ``value`` (an int, a Fraction, or a string such as ``"1/4"``) as a Fraction; ``name`` is for the message.

    A float is refused unless it is a whole number: 0.1 is not one tenth, and thresholds such as 1/2 are compared
    exactly. Raises SpecError.
    """
    if isinstance(value, (int, Fraction)) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, float) and value.is_integer():
        return Fraction(int(value))
    if isinstance(value, str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            pass
    raise SpecError(f'{name} is {value!r}, which is no exact rational; write it as "1/4", as an int or as a Fraction')
