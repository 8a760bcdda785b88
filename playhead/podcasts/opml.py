"""Lists of feeds as programs for podcasts exchange them (OPML 2.0)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from playhead.errors import MalformedError

MEDIA_TYPE = "text/x-opml"
MAX_OUTLINES = 5000
MAX_TITLE = 500
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Playhead</title></head>
  <body>
"""
_END = "  </body>\n</opml>\n"


@dataclass(frozen=True)
class Outline:
    """A feed in such a list; ``line`` is where it stands in the file, from 1."""

    url: str
    title: str | None = None
    link: str | None = None
    line: int = 0


def write(outlines: Iterable[Outline]) -> str:
    """The list."""
    return "".join([_HEAD, *map(_written, outlines), _END])


def _written(outline: Outline) -> str:
    told = {
        "text": outline.title or outline.url,
        "title": outline.title,
        "xmlUrl": outline.url,
        "htmlUrl": outline.link,
    }
    given = "".join(f" {name}={quoteattr(value)}" for name, value in told.items() if value)
    return f'    <outline type="rss"{given}/>\n'


def read(body: bytes) -> Sequence[Outline]:
    """The feeds of a list, in whatever folders they lie there.

    Raises:
        MalformedError: it is no OPML, declares entities, or has more than :data:`MAX_OUTLINES` feeds.
    """
    reading = _Reading()
    try:
        reading.parser.Parse(body, True)  # noqa: FBT003 - expat's interface
    except (expat.ExpatError, UnicodeDecodeError, LookupError) as error:
        raise MalformedError(f"this is no OPML: {error}") from None
    return reading.outlines


class _Reading:
    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self._is_opml = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        # None is ever expanded: a few lines of them would make gigabytes.
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._is_opml = self._is_opml or name.lower() == "opml"
        if not self._is_opml:
            raise MalformedError(f"this is no OPML: it begins with <{name[:40]}>")
        if name.lower() != "outline":
            return
        given = {name.lower(): value for name, value in attributes.items()}
        if url := given.get("xmlurl", "").strip():
            self._add(url, given)

    def _add(self, url: str, given: dict[str, str]) -> None:
        if len(self.outlines) >= MAX_OUTLINES:
            raise MalformedError(f"a list has at most {MAX_OUTLINES} feeds: import it in parts")
        title = (given.get("title") or given.get("text") or "").strip()[:MAX_TITLE]
        self.outlines.append(Outline(url, title or None, given.get("htmlurl"), self.parser.CurrentLineNumber))

    def _refuse(self, *_: Any) -> None:
        raise MalformedError("this OPML declares entities: leave them out")
