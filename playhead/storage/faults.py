"""What obstore and the operating system raise, in the words of Playhead's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from playhead.errors import StorageError


class AbsentError(Exception):
    """The store answers, and says that it has no such object."""


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """Turn whatever the store raises into :class:`StorageError`.

    ``doing`` completes the sentence "The storage failed while ...".
    """
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        message = f"The storage failed while {doing}: {_first_line(error)}"
        raise StorageError(message) from error


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
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
