"""What obstore and the operating system raise, in the words of Playhead's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from playhead.errors import StorageError

RETRY_AFTER_SECONDS = 5.0
"""When whoever met a failing store may ask again."""


class AbsentError(Exception):
    """The store answers, and says that it has no such object."""


def failed(message: str) -> StorageError:
    """A failure of the store, which may be over in a moment."""
    return StorageError(message, retry_after_seconds=RETRY_AFTER_SECONDS)


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """Turn whatever the store raises into :class:`StorageError`.

    ``doing`` completes the sentence "The storage failed while ...".
    """
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise failed(f"The storage failed while {doing}: {_first_line(error)}") from error


@contextmanager
def finding(doing: str) -> Iterator[None]:
    """Like :func:`faults`, but an object that is not there raises :class:`AbsentError`."""
    with faults(doing):
        try:
            yield
        except FileNotFoundError as error:
            raise AbsentError(doing) from error


def _first_line(error: Exception) -> str:
    # obstore appends a dump of its internals, tens of lines long.
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
