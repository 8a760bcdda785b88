"""What a document may not hold, before any work is done on it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from playhead.errors import DocumentUnreadableError
from playhead.transcript import Segment, Transcript

MOST_SECONDS = 10_000_000
"""Four months. Calculations with a time such as 1e308 have no end that is a number."""
LONGEST_LANGUAGE = 35
"""Characters that the tag of a language has at most, by RFC 5646."""

_JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def require_text(content: str) -> None:
    """NUL stands in no text but UTF-16 that is read as UTF-8; and no database keeps it, in a quote for instance.

    Raises:
        DocumentUnreadableError: there is one, as it is or as JSON writes it.
    """
    if "\0" in content or (content.lstrip().startswith("{") and _JSON_NUL.search(content)):
        raise DocumentUnreadableError("the document is no text in UTF-8, it holds NUL characters: convert it first")


def require_sound(transcript: Transcript) -> None:
    """JSON may hold times that no recording has: ``NaN``, ``Infinity``, ``1e308``.

    Raises:
        DocumentUnreadableError: this one does, or its language is none.
    """
    for place, time in _times(transcript):
        if not (math.isfinite(time) and abs(time) <= MOST_SECONDS):
            raise DocumentUnreadableError(f"the transcript has a time that cannot be, in {place}: {time}")
    if len(transcript.language) > LONGEST_LANGUAGE:
        raise DocumentUnreadableError("the transcript's language is no code such as `en`")


def _times(transcript: Transcript) -> Iterator[tuple[str, float]]:
    yield "duration_seconds", transcript.duration_seconds
    for number, segment in enumerate(transcript.segments):
        yield from ((f"segments.{number}", time) for time in _of(segment))


def _of(segment: Segment) -> Iterator[float]:
    yield from (segment.start, segment.end)
    for word in segment.words or ():
        yield from (word.start, word.end)
