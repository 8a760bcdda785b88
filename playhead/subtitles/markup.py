r"""Tags in the text of subtitles: ``<i>``, ``<v Ann>``, ``{\an8}``."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"(</?[A-Za-z][^<>]*>|\{\\[^{}]*\})")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w{1,31};)")


def markup(text: str) -> list[str]:
    """The tags of a text, in their order."""
    return _MARKUP.findall(text)


def escaped(text: str) -> str:
    """A text for WebVTT: what is no tag and no entity in it is no longer taken for the beginning of one."""
    parts = _MARKUP.split(text)
    return "".join(part if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;")
