"""One entry of a feed, as :class:`playhead.podcasts.polling.entries.Entry` has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from playhead.podcasts.parsing import plain, values

MAX_GUID = 4096
MAX_TITLE = 500
MAX_DESCRIPTION = 20_000
MAX_WORD = 255
MAX_TRANSCRIPTS = 20
MEDIA_ENDINGS = (
    *(".mp3", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wav"),
    *(".mp4", ".m4v", ".mov", ".webm"),
)
_MEDIA = ("audio/", "video/")
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"})
_OTHER_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".pdf", ".epub", ".zip", ".torrent", ".html", ".htm")


def told_of(entry: Any) -> dict[str, Any] | None:
    """The entry, as JSON has it; None where it has neither a recording nor a transcript."""
    recording, transcripts = _recording(entry), _transcripts(entry)
    if recording is None and not transcripts:
        return None
    url, media_type = recording or (None, None)
    published = _published(entry)
    guid = (plain.stripped(entry.get("id")) or "")[:MAX_GUID]
    return {
        "guid": guid or None,
        "title": plain.line(entry.get("title") or entry.get("itunes_title"), MAX_TITLE),
        "link": values.address(entry.get("link")) or values.address(guid),
        "description": plain.text(_description(entry), MAX_DESCRIPTION),
        "published_at": published.isoformat() if published else None,
        "enclosure_url": url,
        "media_type": media_type,
        "duration_seconds": values.seconds(entry.get("itunes_duration")),
        "transcripts": transcripts,
    }


def _published(entry: Any) -> datetime | None:
    # Not by its own ``get``: that takes the one for the other, with a warning.
    told = ((dict.get(entry, f"{name}_parsed"), dict.get(entry, name)) for name in ("published", "updated"))
    return next(filter(None, (values.moment(*one) for one in told)), None)


def _description(entry: Any) -> str | None:
    """The longest that is told: some have a line in the one place, and the notes of the show in another."""
    told = [entry.get("summary"), *(content.get("value") for content in entry.get("content", []))]
    return max(filter(None, told), key=len, default=None)


def _recording(entry: Any) -> tuple[str, str | None] | None:
    """The first enclosure that says it is one; else the first that does not say it is something else."""
    offered = [(url, kind) for url, kind in _enclosures(entry) if not _is_other(url, kind)]
    said = (one for one in offered if one[1].startswith(_MEDIA))
    best = next(said, None) or next(iter(offered), None)
    return best and (best[0], best[1] or None)


def _enclosures(entry: Any) -> Iterator[tuple[str, str]]:
    links = [link for link in entry.get("links", []) if link.get("rel") == "enclosure"]
    for one in [*links, *entry.get("media_content", [])]:
        if url := values.address(one.get("href") or one.get("url")):
            kind = plain.line(one.get("type"), MAX_WORD) or _medium(one.get("medium"))
            yield url, kind.partition(";")[0].strip().lower()


def _medium(said: str | None) -> str:
    return f"{said}/*" if said in {"image", "document", "executable"} else ""


def _is_other(url: str, kind: str) -> bool:
    path = urlsplit(url).path.lower()
    if kind.startswith(_MEDIA) or path.endswith(MEDIA_ENDINGS):
        return False
    return kind not in _UNTOLD or path.endswith(_OTHER_ENDINGS)


def _transcripts(entry: Any) -> list[dict[str, str]]:
    found = []
    for one in entry.get("podcast_transcripts", [])[:MAX_TRANSCRIPTS]:
        if url := values.address(one.get("url")):
            words = {name: plain.line(one.get(name), MAX_WORD) for name in ("type", "language", "rel")}
            found.append({"url": url, **{name: word for name, word in words.items() if word}})
    return found
