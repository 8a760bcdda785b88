"""What reading a feed gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

ABOUT = ("title", "link", "description", "language", "image_url")
"""What a document says of its feed: names of both."""


@dataclass(frozen=True)
class Transcript:
    """A transcript that the publisher offers (``podcast:transcript``), as the feed has it.

    ``type`` is its media type in lower case, ``rel`` is ``captions`` where it keeps time with the recording.
    """

    url: str
    type: str | None = None
    language: str | None = None
    rel: str | None = None

    def told(self) -> dict[str, str]:
        """As JSON; what the feed does not say is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Entry:
    """An episode, as a feed has it.

    Addresses are absolute, http or https. Texts are plain, without markup and control characters, and of bounded
    length. ``guid`` is as it stands in the feed: a relative one stays what it is wherever the feed moves.
    ``enclosure_url`` is None where there is only a transcript.
    """

    guid: str | None = None
    title: str | None = None
    link: str | None = None
    description: str | None = None
    published_at: datetime | None = None
    enclosure_url: str | None = None
    media_type: str | None = None
    duration_seconds: float | None = None
    transcripts: Sequence[Transcript] = ()

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """The entry that :mod:`playhead.podcasts.parsing` tells of."""
        moment = told.pop("published_at")
        transcripts = tuple(Transcript(**one) for one in told.pop("transcripts"))
        published_at = datetime.fromisoformat(moment) if moment else None
        return cls(published_at=published_at, transcripts=transcripts, **told)


@dataclass(frozen=True)
class FeedDocument:
    """A feed, as it was at a moment; ``entries`` are in its own order, mostly the newest first.

    Entries that have neither a recording nor a transcript are not there: nothing could be made of them. ``is_whole``
    says that it has an end: of one that was cut off at its server, the same version may have more the next time.
    """

    title: str | None
    link: str | None
    description: str | None
    language: str | None
    image_url: str | None
    is_whole: bool
    entries: Sequence[Entry]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """The document that :mod:`playhead.podcasts.parsing` tells of."""
        return cls(entries=tuple(Entry.of(one) for one in told.pop("entries")), **told)
