"""Feeds, written by hand."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

CDN = "https://cdn.example.com"
NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def item(
    name: str,
    *,
    guid: str | None = "",
    audio: str | None = "",
    date: str | None = None,
    title: str | None = None,
    more: str = "",
) -> str:
    """An episode: what it is called by, unless another is given; None leaves it out."""
    parts = [f"<title>{escape(title or name)}</title>"]
    if guid is not None:
        parts.append(f'<guid isPermaLink="false">{escape(guid or f"guid-{name}")}</guid>')
    if audio is not None:
        parts.append(f"<enclosure url={quoteattr(audio or f'{CDN}/{name}.mp3')} type='audio/mpeg' length='1'/>")
    if date:
        parts.append(f"<pubDate>{date}</pubDate>")
    return f"<item>{''.join(parts)}{more}</item>"


def rss(*items: str, title: str = "A show", more: str = "", encoding: str = "utf-8") -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0" {NAMESPACES}><channel>'
    return f"{head}<title>{title}</title>{more}{''.join(items)}</channel></rss>".encode(encoding)


def dated(day: int) -> str:
    return f"{day:02} Mar 2026 08:00:00 GMT"
