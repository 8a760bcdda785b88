"""Feeds that change, or cannot tell their own episodes apart: none is lost, none is there twice."""

from __future__ import annotations

from tests.podcasts.feeds import dated, item, rss
from tests.podcasts.oddities.case import Case, Step

_TRACKED = "https://dts.podtrac.com/redirect.mp3/pdst.fm/e/cdn.example.com/a.mp3"


def _same(name: str, before: str, after: str, **first: str) -> Case:
    """One episode, however it is told; its title is that of the later telling."""
    return Case(name, [rss(before), rss(after)], ["a"], first)


def _moves(*addresses: str, guid: str | None) -> list[Step]:
    return [rss(item("a", guid=guid, audio=address)) for address in addresses]


CASES = [
    _same("another guid", item("a", guid="1"), item("a", guid="2")),
    _same("no guid any more", item("a", guid="1"), item("a", guid=None)),
    _same("a guid at last", item("a", guid=None), item("a", guid="1")),
    _same(
        "another address",
        item("a"),
        item("a", audio="https://other.example.com/b"),
        enclosure_url="https://other.example.com/b",
    ),
    _same(
        "all but title and date",
        item("a", guid="1", audio="https://x.example.com/1", date=dated(1)),
        item("a", guid="2", audio="https://y.example.com/2", date=dated(1)),
    ),
    _same(
        "another title and date",
        item("b", guid="1", audio="https://x.example.com/1", date=dated(1)),
        item("a", guid="1", audio="https://x.example.com/1", date=dated(2)),
    ),
    Case("no guid, https", _moves("http://x.example.com/a.mp3", "https://x.example.com/a.mp3", guid=None), ["a"]),
    Case(
        "no guid, a token in the query",
        _moves(*(f"https://x.example.com/a.mp3?token={n}" for n in range(3)), guid=None),
        ["a"],
    ),
    Case("no guid, a tracking prefix", _moves("https://cdn.example.com/a.mp3", _TRACKED, guid=None), ["a"]),
    Case("no guid, no tracking prefix any more", _moves(_TRACKED, "https://cdn.example.com/a.mp3", guid=None), ["a"]),
    Case(
        "no guid, upper case in the host",
        _moves("https://X.Example.com/a.mp3", "https://x.example.com/a.mp3", guid=None),
        ["a"],
    ),
    Case(
        "no guid, the query tells them apart",
        [
            rss(*(item(n, guid=None, audio=f"https://x.example.com/play.php?id={n}") for n in order))
            for order in ("ba", "cba")
        ],
        ["c", "b", "a"],
    ),
    Case(
        "no guid, the query of a file tells them apart",
        [
            rss(*(item(n, guid=None, audio=f"https://x.example.com/play.mp3?id={n}") for n in order))
            for order in ("ba", "cba", "dc")
        ],
        ["d", "c", "b", "a"],
    ),
    Case(
        "one guid for all",
        [rss(*(item(n, guid="show") for n in order)) for order in ("ba", "cba", "d")],
        ["d", "c", "b", "a"],
    ),
    Case(
        "an empty guid for all",
        [rss(*(item(n).replace(f"guid-{n}", " ") for n in order)) for order in ("ba", "cba")],
        ["c", "b", "a"],
    ),
    Case(
        "one address for all",
        [rss(*(item(n, audio="https://x.example.com/latest.mp3") for n in order)) for order in ("ba", "cba", "d")],
        ["d", "c", "b", "a"],
    ),
    Case("the same item twice", [rss(item("a"), item("a"))], ["a"]),
    Case("the same item twice, once without a guid", [rss(item("a", guid=None), item("a"))], ["a"]),
    Case(
        "one title and date for all", [rss(*(item(n, title="Part", date=dated(1)) for n in "ba"))] * 2, ["Part", "Part"]
    ),
    Case(
        "a guid that another takes over",
        [rss(item("a", guid="1")), rss(item("b", guid="1"), item("a", guid="2"))],
        ["b", "a"],
    ),
    Case(
        "guids and addresses swapped",
        [rss(item("b", guid="1"), item("a", guid="2")), rss(item("b", guid="2"), item("a", guid="1"))],
        ["b", "a"],
    ),
    Case("the oldest first", [rss(item("a", date=dated(1)), item("b", date=dated(2)))] * 2, ["a", "b"]),
    Case("an order that changes", [rss(*map(item, order)) for order in ("cba", "bac", "acb")], ["c", "b", "a"]),
    Case("episodes that come and go", [rss(*map(item, order)) for order in ("ba", "c", "cba")], ["c", "b", "a"]),
    Case(
        "a relative guid whose feed moves",
        [
            rss(item("a", guid="/1", audio=f"https://{host}.example.com/{host}").replace(' isPermaLink="false"', ""))
            for host in "xy"
        ],
        ["a"],
    ),
]
