"""What an episode is known by, however its feed changes.

An entry has several identities, the surest first. Publishers change GUIDs when they move to another host, and addresses
with every token, prefix and CDN; hardly ever all at once. Within one document, entries that differ are different
episodes: an identity that two of them have tells nothing, then and from then on.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from playhead.podcasts.polling.entries import Entry


class Identity(NamedTuple):
    """Something that an episode is known by: the less its rank, the surer. ``digest`` is a SHA-256."""

    rank: int
    digest: bytes


_MEDIA = re.compile(r"\.(mp3|m4[abv]|aac|og[ga]|opus|flac|wav|mp4|mov|webm)$")
# The service that counts the downloads stands before the address proper, which begins with a host's name.
_INNER = re.compile(r"/(?=(?:[a-z0-9-]+\.)+(?!(?:mp3|m4[abv]|mp4|aac|ogg|php|aspx?)/)[a-z]{2,}/)")


@dataclass(frozen=True)
class Identified:
    """An entry, and what it is known by: what it has alone in its document, and what others there have too."""

    entry: Entry
    own: Sequence[Identity]
    shared: Sequence[Identity]


def identified(entries: Sequence[Entry]) -> list[Identified]:
    """The entries of one document that differ, in its order, with their identities."""
    different = list(_different(entries))
    names = [tuple(dict.fromkeys(_identities(entry))) for entry in different]
    counts = Counter(identity for of_one in names for identity in of_one)
    return [
        Identified(entry, [one for one in of_one if counts[one] == 1], [one for one in of_one if counts[one] > 1])
        for entry, of_one in zip(different, names, strict=True)
    ]


def _different(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Without those that say the same again: with the same GUID and address, or without the one or the other."""
    seen: set[bytes] = set()
    bare = {_place(entry) for entry in entries if entry.guid is None} - {None}
    for entry in entries:
        place = _place(entry)
        # Where one of those with this address has no GUID, it is the address that tells.
        whole = _hashed("place", place) if place in bare and place else _whole(entry)
        if whole not in seen:
            seen.add(whole)
            yield entry


def _identities(entry: Entry) -> Iterator[Identity]:
    place = _place(entry)
    # Of the same name with another GUID is another file: what its query tells apart is not known.
    file = _file(place) if place and not entry.guid else None
    dated = (entry.title.casefold(), entry.published_at.isoformat()) if entry.title and entry.published_at else ()
    # The recording is surer than the GUID: some feeds number their episodes anew each time, from the top.
    told = {"place": (place,), "guid": (entry.guid,), "file": (file,), "dated": dated}
    yield Identity(0, _whole(entry))
    for rank, (kind, parts) in enumerate(told.items(), start=1):
        if any(parts):
            yield Identity(rank, _hashed(kind, *parts))


def _whole(entry: Entry) -> bytes:
    """What no other entry of the document has."""
    place = _place(entry)
    rest = () if entry.guid or place else (entry.link, entry.title, *(one.url for one in entry.transcripts))
    return _hashed("whole", entry.guid, place, *rest)


def _place(entry: Entry) -> str | None:
    """The address of the recording: the same with http and https, whatever the case of its host."""
    if entry.enclosure_url is None:
        return None
    parts = urlsplit(entry.enclosure_url)
    return f"{_host(parts)}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower().removesuffix(":80").removesuffix(":443").rstrip(".")


def _file(place: str) -> str | None:
    """Where it names a file, the address without a token in its query and without the services that count downloads."""
    path = place.partition("?")[0]
    if not _MEDIA.search(path.lower()):
        return None
    lower, begin = path.lower(), 0
    for found in _INNER.finditer(lower):
        begin = found.end()
    return path[begin:]


def _hashed(*parts: str | None) -> bytes:
    # With their lengths, so that no two lists are written alike.
    told = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode(errors="surrogatepass")).digest()
