"""Odd servers."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

from tests.http_server import Answer, raw
from tests.podcasts.feeds import item, rss
from tests.podcasts.oddities.case import Case, Placed, Step
from tests.podcasts.server import answer, redirect, versioned

A, AB = rss(item("a")), rss(item("b"), item("a"))
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_LONG = f"/new/8?{'x' * 2048}"
_BOMB = gzip.compress(bytes(64 * 1024 * 1024), 9)


def _packed(encoding: str, body: bytes) -> Answer:
    return answer("200 OK", body, Content_Encoding=encoding)


def _deflated(*, raw_: bool) -> Answer:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS if raw_ else zlib.MAX_WBITS)
    return _packed("deflate", packer.compress(A) + packer.flush())


def _chunked(body: bytes, end: bytes = b"0\r\n\r\n") -> Answer:
    return raw(_CHUNKED + b"%x\r\n%b\r\n" % (len(body), body) + end)


def _failing(name: str, step: Step, code: str) -> Case:
    """What was there stays, and what comes later is found."""
    return Case(name, [A, step, step], ["a"], code=code)


def _back(name: str, step: Step) -> Case:
    return Case(name, [A, step, AB], ["b", "a"])


def _moved(name: str, *hops: tuple[str, str], moved: str | None) -> Case:
    """Redirects from each path to the next; the feed is at the last."""
    beside: dict[str, Step] = {path: redirect(to, status) for (path, status), (to, _) in pairwise(hops)}
    first = redirect(hops[0][0], "301 Moved Permanently")
    return Case(name, [first], ["a"], moved=moved, beside={**beside, hops[-1][0]: A})


CASES = [
    Case("gzip", [_packed("gzip", gzip.compress(A))], ["a"]),
    Case("gzip that nobody speaks of", [answer("200 OK", gzip.compress(A), Content_Type="application/x-gzip")], ["a"]),
    Case("gzip that is none", [_packed("gzip", A)], ["a"]),
    Case("deflate", [_deflated(raw_=False)], ["a"]),
    Case("deflate without its header", [_deflated(raw_=True)], ["a"]),
    _failing("a gzip bomb", _packed("gzip", _BOMB), "too_large"),
    _failing("a gzip bomb in another", _packed("gzip", gzip.compress(_BOMB)), "feed_unreadable"),
    _failing("a deflate bomb", _packed("deflate", zlib.compress(bytes(64 * 1024 * 1024), 9)), "too_large"),
    _failing("brotli that nobody asked for", _packed("br", b"\x0b\x02\x80hello\x03"), "feed_unreadable"),
    _failing("gzip that is damaged", _packed("gzip", gzip.compress(A)[:20] + b"\xff" * 40), "feed_unreadable"),
    _failing("gzip that breaks off", _packed("gzip", gzip.compress(AB)[:-12]), "url_unreachable"),
    _failing("larger than is read", raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 33 * 1024 * 1024), "too_large"),
    _failing("shorter than announced", answer("200 OK", AB, len(AB) + 10), "url_unreachable"),
    _failing("a chunk that is cut", raw(_CHUNKED + b"fff\r\n" + AB), "url_unreachable"),
    _failing("no http at all", raw(b"220 ready\r\n"), "url_unreachable"),
    _failing("an answer of nothing", raw(b""), "url_unreachable"),
    _failing("a part that nobody asked for", answer("206 Partial Content", AB), "url_rejected"),
    _failing("no content", answer("204 No Content"), "url_rejected"),
    _failing("forbidden", answer("403 Forbidden"), "url_rejected"),
    _failing("gone", answer("410 Gone"), "feed_gone"),
    _failing("too many requests", answer("429 Too Many Requests", Retry_After="soon"), "url_unreachable"),
    _failing("304 though nothing was known", answer("304 Not Modified"), "url_rejected"),
    _failing("a redirect to itself", redirect("feed.xml"), "url_rejected"),
    _failing("a redirect to nowhere", answer("302 Found", Location="http://["), "url_rejected"),
    _failing("a redirect to a file", redirect("file:///etc/passwd"), "url_rejected"),
    _failing("a redirect to a private address", redirect("http://10.0.0.1/feed.xml"), "url_forbidden"),
    _failing("a redirect to metadata", redirect("http://169.254.169.254/latest"), "url_forbidden"),
    _back("away for a while", answer("500 Internal Server Error")),
    _back("a web page for a while", answer("200 OK", b"<html>We will be back")),
    Case("a strong version", [versioned(A, etag='"1"')] * 2, ["a"]),
    Case("a weak version", [versioned(A, etag='W/"1"'), versioned(AB, etag='W/"2"')], ["b", "a"]),
    Case("a version that cannot be sent", [versioned(A, etag="\u00fc\u00fc")] * 2, ["a"]),
    Case("a date that is none as a version", [versioned(A, modified="yesterday")] * 2, ["a"]),
    Case("called text/html", [answer("200 OK", A, Content_Type="text/html")], ["a"]),
    Case("called a recording", [answer("200 OK", A, Content_Type='audio/mpeg; charset="')], ["a"]),
    Case("in chunks", [_chunked(A)], ["a"]),
    Case("in chunks, with a trailer", [_chunked(A, b"0\r\nX-Sum: 1\r\n\r\n")], ["a"]),
    _moved("moved for good", ("/new/1", ""), moved="/new/1"),
    _moved("moved for good twice", ("/new/2", "308 Permanent Redirect"), ("/new/3", ""), moved="/new/3"),
    _moved("moved for good, then for a while", ("/new/4", "302 Found"), ("/new/5", ""), moved="/new/4"),
    Case("moved for a while", [redirect("/new/6", "307 Temporary Redirect")], ["a"], beside={"/new/6": A}),
    Case("moved to an address too long to keep", [redirect(_LONG)], ["a"], beside={_LONG: A}),
    Case("moved to a part of a page", [redirect("/new/9#top")], ["a"], moved="/new/9", beside={"/new/9": A}),
    Case(
        "moved by its whole address",
        [Placed(lambda server: redirect(server.url("/new/7")))],
        ["a"],
        moved="/new/7",
        beside={"/new/7": A},
    ),
]
