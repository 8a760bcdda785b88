"""Odd bytes, letters, dates and durations."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime

from tests.http_server import Answer
from tests.podcasts.feeds import item, rss
from tests.podcasts.oddities.case import Case
from tests.podcasts.server import answer

_UMLAUT = rss(item("Käse"), encoding="windows-1252")


def _typed(body: bytes, content_type: str) -> Answer:
    return answer("200 OK", body, Content_Type=content_type)


def _title(name: str, written: str, told: str | None) -> Case:
    return Case(name, [rss(item("x").replace("<title>x</title>", f"<title>{written}</title>"))], [told])


_DATES = {
    "Mon, 02 Mar 2026 08:00:00 +0100": datetime(2026, 3, 2, 7, tzinfo=UTC),
    "2026-03-02T08:00:00Z": datetime(2026, 3, 2, 8, tzinfo=UTC),
    "Lunes, 02 Mar 2026 08:00:00 GMT": datetime(2026, 3, 2, 8, tzinfo=UTC),
    "2 mars 2026": datetime(2026, 3, 2, tzinfo=UTC),
    "yesterday": None,
    "0000-00-00": None,
    "Mon, 02 Mar 9999 08:00:00 GMT": None,
    "Fri, 01 Jan 2999 00:00:00 GMT": datetime(2999, 1, 1, tzinfo=UTC),
}
_DURATIONS = {
    "1:02:03": 3723.0,
    "62:03": 3723.0,
    "3723": 3723.0,
    "3723.5": 3723.5,
    "about an hour": None,
    "-5": None,
    "99999999999999999999": None,
}


def _dates() -> Case:
    """An episode for each, which is called by it."""
    told = {given: {"published_at": at} for given, at in _DATES.items()}
    return Case("dates", [rss(*(item(given, date=given) for given in told))], [*told], each=told)


def _durations() -> Case:
    told = {given: {"duration_seconds": seconds} for given, seconds in _DURATIONS.items()}
    items = (item(given, more=f"<itunes:duration>{given}</itunes:duration>") for given in told)
    return Case("durations", [rss(*items)], [*told], each=told)


CASES = [
    Case("windows-1252", [_UMLAUT], ["Käse"]),
    Case("utf-16", [rss(item("Käse"), encoding="utf-16")], ["Käse"]),
    Case("utf-8 with a byte order mark", [codecs.BOM_UTF8 + rss(item("Käse"))], ["Käse"]),
    Case(
        "an encoding that the header says",
        [_typed(_UMLAUT.split(b"?>")[1], "text/xml; charset=windows-1252")],
        ["Käse"],
    ),
    Case("an encoding that is declared wrong", [_UMLAUT.replace(b"windows-1252", b"utf-8")], ["Käse"]),
    Case("an encoding that does not exist", [rss(item("a")).replace(b"utf-8", b"klingon")], ["a"]),
    Case("nul characters", [rss(item("a")).replace(b"<title>a", b"<title>\0a\0")], ["a"]),
    Case("control characters", [rss(item("a")).replace(b"<title>a", b"<title>\x01a\x1b[31m")], ["a[31m"]),
    _title("control characters as references", "a&#1;&#27;b", "ab"),
    _title("half a surrogate pair", "a&#xD800;b", "ab"),
    _title("emoji", "&#x1F399;\ufe0f Folge 😀", "🎙️ Folge 😀"),
    _title("right to left", "שלום עולם", "שלום עולם"),
    _title("markup in a title", "&lt;b&gt;Bold&lt;/b&gt; &amp;amp; free", "Bold & free"),
    _title("a script in a title", "&lt;script&gt;alert(1)&lt;/script&gt;a", "a"),
    _title("cdata in a title", "<![CDATA[Cats & <i>dogs</i> < all]]>", "Cats & dogs < all"),
    _title("a title of lines", "one\n   two\n\tthree", "one two three"),
    _title("a title of ten thousand letters", "x" * 10_000, "x" * 500),
    _title("a character beyond all", "a&#x110000;&#99999999999999999999;b", "ab"),
    _title("no title", "", None),
    _title("an html entity that xml does not know", "caf&eacute;&nbsp;noir", "café noir"),
    _title("an ampersand alone", "Q & A", "Q & A"),
    _dates(),
    _durations(),
]
