"""What lines of a subtitle file are taken for, and words as lines that are taken for nothing but words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from playhead.subtitles.text import without_arrows

_NUMBER = re.compile(r"\ufeff?\s*\d+\s*")
# A time as any reader knows one: hours, minutes, seconds and a fraction; WebVTT leaves out the hours.
_STAMP = re.compile(r"\d{1,2}:\d{1,2}(?::\d{1,2})?[.,]\d")
_STAMP_TAG = re.compile(r"<([\d:.,]+)>")
_SPACES = re.compile(r"[ \t]+")


def tells_time(line: str) -> bool:
    """Whether some reader takes a line for a time line, or finds times among its words (``<00:00:01.000>``)."""
    return "-->" in line or bool(_STAMP_TAG.search(line)) or len(_STAMP.findall(line)) > 1


def is_number(line: str) -> bool:
    """Whether a line may be the number of a cue."""
    return bool(_NUMBER.fullmatch(line))


def standing(text: str) -> list[str]:
    """The lines of any text at all, as words that may stand in a subtitle file.

    None is blank, none is or holds a time line; characters that end lines elsewhere, steer terminals or cannot be
    written are gone.
    """
    found = []
    for line in text.splitlines():
        clean = _SPACES.sub(" ", "".join(map(_written, line))).strip()
        found += [part for part in _apart(without_arrows(_STAMP_TAG.sub(r"\1", clean))) if part]
    return found


def _written(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs" or char == "\ufeff":
        return ""
    return " " if category in {"Cc", "Zl", "Zp"} else char


def _apart(line: str) -> list[str]:
    """A line as lines of one time each, at most."""
    second = [found.start() for found in _STAMP.finditer(line)][1:]
    edges = [0, *second, len(line)]
    return [line[start:end].strip() for start, end in pairwise(edges)]
