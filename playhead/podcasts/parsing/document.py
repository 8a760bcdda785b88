"""A feed's bytes as what :class:`playhead.podcasts.polling.entries.FeedDocument` holds."""

from __future__ import annotations

import codecs
import re
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser

from playhead.podcasts.parsing import plain, values
from playhead.podcasts.parsing.episode import told_of
from playhead.podcasts.parsing.parsers import install

MAX_TITLE = 500
MAX_DESCRIPTION = 20_000
MAX_LANGUAGE = 35
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<", b"<\0", b"\0\0")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*([0-9a-f]{1,20})|0*([0-9]{1,20}));?", re.IGNORECASE)
_LAST_CHARACTER = 0x10FFFF
_TAIL = 2048
# In two bytes a letter as well.
_END = re.compile(rb"<\0*/\0*(?:\w\0*){0,20}:?\0*(?:r\0*s\0*s|f\0*e\0*e\0*d|R\0*D\0*F)[\s\0]*>", re.IGNORECASE)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})


def read(body: bytes, *, url: str, content_type: str) -> dict[str, Any]:
    """What is in the feed, as JSON has it; or ``{"refused": why}`` where this is none.

    Args:
        body: the bytes, unpacked.
        url: where they came from, for relative addresses.
        content_type: what the server called them; empty where it did not.
    """
    install()
    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    # Never the bytes themselves: feedparser takes those for the name of a file or an address where they look like one.
    stream = BytesIO(_cleaned(body))
    parsed = feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.get("version") and not parsed.entries:
        return {"refused": _why_not(body, parsed)}
    told = (told_of(entry) for entry in parsed.entries)
    entries = [entry for entry in told if entry is not None]
    return {**_about(parsed.feed, url), "is_whole": _END.search(body[-_TAIL:]) is not None, "entries": entries}


def _cleaned(body: bytes) -> bytes:
    """Without characters that no XML may have, nor references to them: the parsers give up, or break on them."""
    return body if body.startswith(_WIDE) else _CONTROLS.sub(_kept, body)


def _kept(found: re.Match[bytes]) -> bytes:
    by_sixteen, by_ten = found.groups()
    number = int(by_sixteen, 16) if by_sixteen else int(by_ten or 0)
    is_text = number >= ord(" ") or number in b"\t\n\r"
    is_half = 0xD800 <= number <= 0xDFFF  # noqa: PLR2004 - Unicode's surrogates
    return found[0] if is_text and not is_half and number <= _LAST_CHARACTER else b""


def _about(feed: Any, url: str) -> dict[str, str | None]:
    return {
        "title": plain.line(feed.get("title"), MAX_TITLE),
        "link": values.address(feed.get("link")),
        "description": plain.text(feed.get("subtitle") or feed.get("summary"), MAX_DESCRIPTION),
        "language": plain.line(feed.get("language"), MAX_LANGUAGE),
        "image_url": _image(feed, url),
    }


def _image(feed: Any, url: str) -> str | None:
    named = (feed.get("image") or {}).get("href")
    try:
        return values.address(urljoin(url, named)) if named else None
    except ValueError:
        return None


def _why_not(body: bytes, parsed: Any) -> str:
    if not body.strip():
        return "The answer is empty."
    links = parsed.feed.get("links", [])
    found = (values.address(link.get("href")) for link in links if link.get("type") in _FEED_TYPES)
    if named := next(filter(None, found), None):
        return f"This is a web page. It names this as its feed: {named}"
    if b"<html" in body[:2048].lower() or b"<!doctype html" in body[:2048].lower():
        return "This is a web page, not a feed: give the address of its RSS or Atom feed."
    return "This is neither RSS nor Atom."
