"""Odd bytes, letters, dates and durations."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime

from tests.podcasts.feeds import item, rss
from tests.podcasts.oddities.case import Case
from tests.podcasts.server import Answer, answer

_UMLAUT = rss(item("Käse"), encoding="windows-1252")


def _typed(body: bytes, content_type: str) -> Answer:
    return answer("200 OK", body, Content_Type=content_type)


def _title(name: str, written: str, told: str | None) -> Case:
    return Case(name, [rss(item("x").replace("<title>x</title>", f"<title>{written}</title>"))], [told])


def _duration(given: str, seconds: float | None) -> Case:
    more = f"<itunes:duration>{given}</itunes:duration>"
    return Case(f"duration {given}", [rss(item("a", more=more))], ["a"], {"duration_seconds": seconds})


def _date(given: str, at: datetime | None) -> Case:
    return Case(f"date {given}", [rss(item("a", date=given))], ["a"], {"published_at": at})


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
    _date("Mon, 02 Mar 2026 08:00:00 +0100", datetime(2026, 3, 2, 7, tzinfo=UTC)),
    _date("2026-03-02T08:00:00Z", datetime(2026, 3, 2, 8, tzinfo=UTC)),
    _date("Lunes, 02 Mar 2026 08:00:00 GMT", datetime(2026, 3, 2, 8, tzinfo=UTC)),
    _date("2 mars 2026", datetime(2026, 3, 2, tzinfo=UTC)),
    _date("yesterday", None),
    _date("0000-00-00", None),
    _date("Mon, 02 Mar 9999 08:00:00 GMT", None),
    _date("Fri, 01 Jan 2999 00:00:00 GMT", datetime(2999, 1, 1, tzinfo=UTC)),
    _duration("1:02:03", 3723.0),
    _duration("62:03", 3723.0),
    _duration("3723", 3723.0),
    _duration("3723.5", 3723.5),
    _duration("about an hour", None),
    _duration("-5", None),
    _duration("99999999999999999999", None),
]
