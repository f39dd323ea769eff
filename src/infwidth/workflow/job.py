"""What every job of the workflow does first: a log for people, and errors without tracebacks where a person erred."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infwidth.errors import DataError, InfwidthError

logger = logging.getLogger("infwidth")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
#: What torch.save says of a full disk: no error of the system, only that its own writing went wrong.
_TORCH_CANNOT_WRITE = ("PytorchStreamWriter", "inline_container", "iostream error")
_PREPARED = Path("results/data")


@contextmanager
def job(log: str) -> Iterator[None]:
    """Log to the file ``log``; end with one clear line on an error that a person can mend (also on the terminal)."""
    logging.raiseExceptions = False  # a log that cannot be written to is no reason for a traceback a line
    try:
        with explained(_PREPARED):
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            file = logging.FileHandler(log, mode="w", encoding="utf-8")
            logging.basicConfig(
                level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=[file]
            )
            yield
    except InfwidthError as error:
        _end(str(error))


@contextmanager
def explained(prepared: Path) -> Iterator[None]:
    """Raise DataError, saying what a person can do, in place of an error from elsewhere that is none of the code.

    ``prepared`` is the folder of prepared data sets, which are looked at last.
    """
    try:
        yield
    except InfwidthError:
        raise
    except Exception as error:
        if message := _explanation(error, prepared):
            raise DataError(message) from error
        raise


def _explanation(error: Exception, prepared: Path) -> str:
    """Return one line on an error from elsewhere; empty where it is an error of the code."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _FULL or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _TORCH_CANNOT_WRITE)
    ):
        where = getattr(error, "filename", None) or "while writing"
        return f"the disk is full ({where}); make room and run the same command again"
    if number in _FORBIDDEN:
        return f"{error}: permissions, or a file in place of a folder; mend this and run the same command again"
    from infwidth.workflow.prepared import damaged_data

    return "; ".join(damaged_data(prepared))


def _end(message: str) -> None:
    logger.error("error: %s", message)
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)
