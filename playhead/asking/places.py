"""Where in a request something is wrong, as a client would write it."""

from __future__ import annotations

from collections.abc import Sequence

from playhead.recipes import recipes
from playhead.registry import kinds

MAX_PART_CHARACTERS = 128
"""Of a name in a field's path that a client made up."""
NESTED = "request"
"""The field of a body that holds another body."""
_TAG = "<branch>"


def field_of(location: Sequence[int | str]) -> str | None:
    """A validation error's place as a client would write it, e.g. ``params.language`` or ``Idempotency-Key``."""
    source, *parts = location
    if source == "header":
        return str(parts[0])
    path = [part for part in parts if not is_tag(part)]
    at = 1 if path[:1] == [NESTED] else 0
    if source == "body" and path[at : at + 1] and path[at] in {*kinds(), *recipes()}:  # the branch that the body is
        path = path[:at] + path[at + 1 :]
    return ".".join(_shortened(str(part)) for part in path) or None


def _shortened(part: str) -> str:
    return part if len(part) <= MAX_PART_CHARACTERS else f"{part[:MAX_PART_CHARACTERS]}..."


def tag(name: str) -> str:
    """The name of a union's branch. Pydantic puts it into the place of an error, where no client would look for it."""
    return f"{_TAG}{name}"


def is_tag(part: int | str) -> bool:
    """Whether this part of a place is the name of a branch, and no field."""
    return str(part).startswith(_TAG)
