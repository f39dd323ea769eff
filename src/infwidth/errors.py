"""Errors made for the person who reads them: what was wrong, where, and what to do."""

import difflib
from collections.abc import Iterable


class InfwidthError(Exception):
    """Base of every error this package raises on purpose; the command line prints it without a traceback."""


class SpecError(InfwidthError, ValueError):
    """A configuration, experiment or argument that has no meaning; the message names the place and the value."""


class DataError(InfwidthError):
    """A data set that is absent, truncated or not what its checksum says; the message says how to get it."""


def nearest(word: object, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known word closest to ``word``, or an empty string."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""
