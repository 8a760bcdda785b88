"""What was left as it was, as a job's result tells it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from playhead.rewriting.rewriting import Left


class LeftRange(BaseModel):
    """Some neighbours that were left as they were, all for one reason."""

    first: int = Field(description="Counted from 1, in the order of the document.")
    last: int
    reason: str


def ranges(left: Sequence[Left], places: Sequence[int]) -> list[LeftRange]:
    """Passages left, where passage ``n`` stands at ``places[n - 1]`` of the document."""
    found: list[LeftRange] = []
    for one in left:
        place = places[one.number - 1]
        if found and found[-1].reason == one.reason and place - found[-1].last <= 1:
            found[-1].last = place
        else:
            found.append(LeftRange(first=place, last=place, reason=one.reason))
    return found
