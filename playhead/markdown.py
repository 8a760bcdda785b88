"""Texts of others as Markdown: as they are, whatever signs are in them."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_\[\]<>|~&])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINK = re.compile(r"(?<!\\)!?\[((?:\\.|[^\[\]\\])*)\]\((?:<([^<>\s]+)>|([^()<>\s#][^()<>\s]*))\)")
_WITHIN = re.compile(r"\[([^\[\]]*)\]\(#[^()\s]*\)")
_CLOSING = re.compile(r"(?<= )(#+)$")
"""At the end of a heading such signs are no part of it."""
_LEADING = re.compile(r"^(?:[#+=-]|\d+[.)])", re.MULTILINE)


def plain(text: str) -> str:
    """A text that shows as it is, neither markup nor link: a model may have been talked into writing either."""
    lines = "\n".join(map(str.strip, text.splitlines()))  # Indented lines are code.
    return _LEADING.sub(_escaped, _MARKS.sub(r"\\\1", lines))


def one_line(text: str) -> str:
    """The same, in one line."""
    return _CLOSING.sub(r"\\\1", plain(" ".join(text.split())))


def readable(markdown: str) -> str:
    """Markdown as a letter without any formatting has it: nothing escaped, and addresses beside the words of links."""
    return _ESCAPED.sub(r"\1", _WITHIN.sub(r"[\1]", _LINK.sub(_beside, markdown)))


def clock(seconds: float) -> str:
    """A time as people read it: ``1:02:03``, or ``2:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _beside(found: re.Match[str]) -> str:
    words, address = found[1], found[2] or found[3]
    return address if words in ("", address) else f"{words}: {address}"


def _escaped(found: re.Match[str]) -> str:
    mark = found[0]
    return f"{mark[:-1]}\\{mark[-1]}"
