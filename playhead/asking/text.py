"""Text as PostgreSQL can keep it."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from playhead.errors import InvalidError

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(value: str) -> str:
    """The text itself.

    Raises:
        ValueError: it holds NUL or half a surrogate pair: PostgreSQL keeps neither.
    """
    if "\0" in value:
        message = "the character NUL cannot be stored"
        raise ValueError(message)
    if _SURROGATE.search(value):
        message = "half a surrogate pair is no text"
        raise ValueError(message)
    return value


MAX_VALUES = 10_000
"""Of a JSON body, all lists and objects together; several times what a body that is of any use can have."""


def check_storable(value: Any, *, most: int = MAX_VALUES) -> None:
    """Look at every string, key and number of a JSON value.

    Raises:
        InvalidError: something in it cannot be stored, ``field`` says where; or there is too much of it.
    """
    pending: list[tuple[str, Any]] = [("", value)]  # no recursion: whoever sends it chooses the depth
    seen = 0
    while pending:
        place, item = pending.pop()
        seen += len(item) if isinstance(item, dict | list) else 0
        if seen > most:  # Validation would tell of each of them what is wrong with it, for seconds.
            raise InvalidError(f"a body has at most {most} values")
        if isinstance(item, str):
            _check(item, place)
        elif isinstance(item, float) and not math.isfinite(item):
            raise InvalidError("a number must be finite", field=place or None)
        elif isinstance(item, dict):
            for key, inner in item.items():
                _check(key, place)
                pending.append((f"{place}.{key}" if place else key, inner))
        elif isinstance(item, list):
            pending.extend((f"{place}.{number}", inner) for number, inner in enumerate(item))


def _check(text: str, place: str) -> None:
    try:
        storable(text)
    except ValueError as error:
        raise InvalidError(str(error), field=place or None) from None


PRINTABLE = r"^[^\x00-\x1f\x7f/\\]+$"

OutputName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=PRINTABLE),
    AfterValidator(storable),
]
"""The name of an output: a plain file name."""
