"""New words on the lines of a cue that had others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playhead.subtitles.lines import lines
from playhead.subtitles.rules import CueRules
from playhead.subtitles.text import is_unspaced, pieces, width
from playhead.subtitles.tokens import Token

# A tag with blanks in it is not broken.
_WORD = re.compile(r"(?:<[^<>]*>|\{\\[^{}]*\}|[^\s<{]|[<{])+")
_TURN = re.compile(r"(?<=\S)\s+(?=[-–—]\s?\S)")  # noqa: RUF001 - the dashes of speakers are meant
_LONGEST = CueRules().max_line_chars
_WIDEST = 200
_MOST_LINES = 16
"""No cue that people read has wider lines, or more. To choose among all breaks of what has would take for ever."""


def relaid(new: str, old: str) -> str:
    """``new`` on as many lines as ``old``, or on more where they would grow too long; a speaker's turn on its own."""
    if not new.split():
        return ""
    wanted, given = old.splitlines(), new.splitlines()
    longest = max(_LONGEST, *map(width, wanted)) if wanted else _LONGEST
    if len(given) == len(wanted) and all(width(line) <= longest for line in given):
        return new
    flat = " ".join(new.split())
    turns = _TURN.split(flat)
    if len(wanted) == len(turns) > 1 and all(line.lstrip()[:1] in {"-", "–", "—"} for line in wanted):  # noqa: RUF001 - likewise
        return "\n".join(turns)
    return "\n".join(lines(list(_tokens(flat)), min(longest, _WIDEST), min(len(wanted), _MOST_LINES)))


def _tokens(text: str) -> Iterator[Token]:
    for word in _WORD.findall(text):
        for at, piece in enumerate(pieces(word)):
            yield Token(piece, 0.0, 0.0, spaced=at == 0 and not is_unspaced(piece[0]))
