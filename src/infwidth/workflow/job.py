"""What every job of the workflow does first: a log for people, and errors without tracebacks where a person erred."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infwidth.errors import InfwidthError

logger = logging.getLogger("infwidth")


@contextmanager
def job(log: str) -> Iterator[None]:
    """Log to the file ``log``; end with one clear line on an error that a person can mend (also on the terminal)."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(log, mode="w", encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=[file])
    try:
        yield
    except InfwidthError as error:
        _end(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _end(f"the disk is full ({error.filename or 'while writing'}); make room and run the same command again")


def _end(message: str) -> None:
    logger.error("error: %s", message)
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)
