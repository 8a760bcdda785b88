"""Too many things for a summary's length: some of them, from all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(things: Sequence[T], most: int) -> list[T]:
    """So many of them at most, at even distances, the first among them."""
    if len(things) <= most:
        return list(things)
    return [things[place * len(things) // most] for place in range(most)]
