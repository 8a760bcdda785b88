r"""Tags in the text of subtitles: ``<i>``, ``<v Ann>``, ``{\an8}``."""

from __future__ import annotations

import re
from html import unescape
from typing import Literal

_MARKUP = re.compile(r"(</?[A-Za-z][^<>]*>|\{\\[^{}]*\})")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w{1,31};)")
_ENTITY = re.compile(r"&#?\w{1,31};")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")
_BREAK = re.compile(r"<br\s?/?>", re.IGNORECASE)
# To WebVTT all is a tag that looks like one. In SubRip words stand as they are, beside the few tags that players know.
_TAGS = {
    "vtt": re.compile(r"</?[A-Za-z][^<>]*>|</?>|<[\d:.,]+>|\{\\[^{}]*\}"),
    "srt": re.compile(
        r"<\s{0,3}/?\s{0,3}(?:b|i|u|s|em|strong|strike|ruby|rt)\s{0,3}/?>"
        r"|</?(?:font|span|p|v|lang)(?:\s[^<>]*)?>|</?c(?:\.[^<>]*)?>"
        r"|<\d+:[\d:.,]+>|\{\\[^{}]*\}",
        re.IGNORECASE,
    ),
}


def markup(text: str) -> list[str]:
    """The tags of a text, in their order."""
    return _MARKUP.findall(text)


def plain(text: str, form: Literal["srt", "vtt"]) -> str:
    """The words of a text, as they are shown: without its tags, and with characters for the entities of WebVTT."""
    words = _TAGS[form].sub("", _BREAK.sub(" ", text))
    return _decoded(words) if form == "vtt" else words


def voices(text: str) -> list[str]:
    """Who speaks in a text, by its voice tags, in their order."""
    return [" ".join(_decoded(name).split()) for name in _VOICE.findall(text)]


def escaped(text: str) -> str:
    """A text for WebVTT: what is no tag and no entity in it is no longer taken for the beginning of one."""
    parts = _MARKUP.split(text)
    return "".join(part if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;")


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda found: unescape(found[0]), text)
