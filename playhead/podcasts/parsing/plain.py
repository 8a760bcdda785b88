"""Plain text of what feeds write: without markup, in bounded length."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_UNSEEN = frozenset({"script", "style", "head", "template"})
# Of those that set text apart only lines' ends stay. Half a surrogate pair is no text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)


def stripped(given: str | None) -> str:
    """The text as it stands, without control characters and the spaces around it."""
    return _CONTROLS.sub("", given or "").strip()


def text(given: str | None, most: int) -> str | None:
    """Paragraphs without markup, at most so many characters; None where nothing is left."""
    if not given:
        return None
    plain = stripped(_without_markup(given[: 8 * most]))
    plain = _GAPS.sub("\n\n", _LINES.sub("\n", _SPACES.sub(" ", plain)))
    return plain[:most].rstrip() or None


def line(given: str | None, most: int) -> str | None:
    """The same on one line."""
    plain = text(given, most)
    return " ".join(plain.split()) if plain else None


def _without_markup(given: str) -> str:
    if "<" not in given and "&" not in given:
        return given
    parser = _Text()
    parser.feed(given)
    parser.close()
    return "".join(parser.pieces)
