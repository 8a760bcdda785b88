"""Odd documents: what is in them, how it is put, and what they do to whoever reads them."""

from __future__ import annotations

from tests.podcasts.feeds import CDN, item, rss
from tests.podcasts.oddities.case import Case

_AUDIO = f'<enclosure url="{CDN}/a.mp3" type="audio/mpeg"/>'
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_BOMB = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{_LAUGHS}]>'
_BLOWN = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]>'
_OUTSIDE = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
_PARAMETER = (
    '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:1/evil.dtd" '
    '[<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>'
)
_MOST = 4_000
_MANY = [item(f"{number}") for number in range(_MOST)]

ATOM = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>An Atom feed</title>
<entry><title>two</title><id>tag:2</id><updated>2026-03-02T08:00:00Z</updated>
  <link rel="enclosure" href="{CDN}/cover.jpg" type="image/jpeg"/>
  <link rel="enclosure" href="{CDN}/two.ogg" type="audio/ogg"/>
  <link rel="enclosure" href="{CDN}/two.mp3" type="audio/mpeg"/></entry>
<entry><title type="html">&lt;i&gt;one&lt;/i&gt;</title><id>tag:1</id>
  <link rel="enclosure" href="{CDN}/one.mp3"/></entry></feed>""".encode()

RDF = f"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:enc="http://purl.oclc.org/net/rss_2.0/enc#">
<channel rdf:about="http://example.com/"><title>RDF</title></channel>
<item rdf:about="http://example.com/1"><title>one</title>{_AUDIO}</item></rdf:RDF>""".encode()


def _bodied(head: str, title: str) -> bytes:
    return f"{head}<rss version='2.0'><channel><title>{title}</title>{item('a')}</channel></rss>".encode()


def _media(name: str, media: str, url: str | None) -> Case:
    found = [name] if url else []
    return Case(
        f"media {name}", [rss(item(name, audio=None, more=media))], found, {"enclosure_url": url} if url else {}
    )


def _relative(name: str, base: str, url: str, told: str) -> Case:
    body = rss(item("a", audio=url).replace("<item>", f"<item {base}>"))
    return Case(f"relative {name}", [body], ["a"], {"enclosure_url": told})


def _transcripts() -> Case:
    offered = (
        '<podcast:transcript url="http://example.com/a.vtt" type="text/vtt"/>'
        '<podcast:transcript url="/a.srt" type="application/srt" language="en" rel="captions"/>'
        '<podcast:transcript type="text/html"/>'
    )
    told = [
        {"url": "http://example.com/a.vtt", "type": "text/vtt"},
        {"url": "http://cdn.example.com/a.srt", "type": "application/srt", "language": "en", "rel": "captions"},
    ]
    one = item("a", more=offered).replace("<item>", '<item xml:base="http://cdn.example.com/x/">')
    return Case("several transcripts", [rss(one)], ["a"], {"transcripts": told})


CASES = [
    Case("billion laughs", [_bodied(_BOMB, "&l9;")], ["a"]),
    Case("quadratic blow-up", [_bodied(_BLOWN, "&a;" * 50_000)], ["a"]),
    Case("an external entity", [_bodied(_OUTSIDE, "&e;")], ["a"]),
    Case("external parameter entities", [_bodied(_PARAMETER, "t")], ["a"]),
    Case("four thousand episodes", [rss(*_MANY)], [str(number) for number in range(_MOST)]),
    Case("ten thousand elements deep", [rss("<a>" * 10_000, item("a"))], ["a"]),
    Case("empty", [b""], [], code="feed_unreadable"),
    Case("only spaces", [b" \n "], [], code="feed_unreadable"),
    Case("no episodes", [rss()], []),
    Case("a web page", [b"<!doctype html><html><title>Hi</title><p>Welcome"], [], code="feed_unreadable"),
    Case("a json feed", [b'{"version": "https://jsonfeed.org/version/1.1", "items": []}'], [], code="feed_unreadable"),
    Case("the name of a file", [b"/etc/hostname"], [], code="feed_unreadable"),
    Case("an address instead of a feed", [b"http://127.0.0.1:1/feed.xml"], [], code="feed_unreadable"),
    Case("bytes of a recording", [b"ID3\x04" + bytes(range(256)) * 100], [], code="feed_unreadable"),
    Case("cut off, then whole", [rss(item("b"), item("a"))[:-90], rss(item("b"), item("a"))], ["a", "b"]),
    Case("tags that are not closed", [rss(item("b"), item("a")).replace(b"</guid>", b"")], ["b", "a"]),
    Case("text before the declaration", [b"\n\n" + rss(item("a"))], ["a"]),
    Case("rubbish after the end", [rss(item("a")) + b"<!-- 12 ms --><script>x</script>"], ["a"]),
    Case("atom with several enclosures", [ATOM], ["two", "one"], {"enclosure_url": f"{CDN}/two.ogg"}),
    Case("rdf", [RDF], ["one"]),
    Case("upper-case tags", [f"<RSS VERSION='2.0'><CHANNEL>{item('a').upper()}</CHANNEL></RSS>".encode()], ["A"]),
    Case(
        "a prefix of one's own",
        [
            rss(
                item(
                    "a",
                    more='<pc:transcript xmlns:pc="https://podcastindex.org/namespace/1.0" url="http://example.com/a.vtt"/>',
                )
            )
        ],
        ["a"],
        {"transcripts": [{"url": "http://example.com/a.vtt"}]},
    ),
    Case("a prefix without a namespace", [rss(item("a", more="<foo:bar>x</foo:bar>"))], ["a"]),
    Case(
        "two enclosures",
        [rss(item("a", audio=None, more=f'<enclosure url="{CDN}/a.pdf" type="application/pdf"/>{_AUDIO}'))],
        ["a"],
        {"enclosure_url": f"{CDN}/a.mp3"},
    ),
    Case("articles among episodes", [rss(item("b"), item("article", audio=None), item("a"))], ["b", "a"]),
    Case(
        "a transcript alone",
        [rss(item("a", audio=None, more='<podcast:transcript url="http://example.com/a.vtt" type="text/vtt"/>'))],
        ["a"],
        {"enclosure_url": None},
    ),
    Case("an enclosure without an address", [rss(item("a", audio=None, more='<enclosure type="audio/mpeg"/>'))], []),
    Case("an enclosure that is no web address", [rss(item("a", audio="ftp://example.com/a.mp3"))], []),
    _media("of media rss", f'<media:content url="{CDN}/m.mp3" type="audio/mpeg"/>', f"{CDN}/m.mp3"),
    _media(
        "in a group", f'<media:group><media:content url="{CDN}/m.mp4" medium="video"/></media:group>', f"{CDN}/m.mp4"
    ),
    _media("a picture", f'<media:content url="{CDN}/m.jpg" medium="image"/>', None),
    _media("no type", f'<enclosure url="{CDN}/play?id=7"/>', f"{CDN}/play?id=7"),
    _relative("to xml base", 'xml:base="http://cdn.example.com/show/"', "../a.mp3", "http://cdn.example.com/a.mp3"),
    _relative("without a scheme", "", "//cdn.example.com/a.mp3", "http://cdn.example.com/a.mp3"),
    _relative("with spaces", "", "http://cdn.example.com/my show.mp3", "http://cdn.example.com/my%20show.mp3"),
    _transcripts(),
]
