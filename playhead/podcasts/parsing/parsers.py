"""feedparser's two parsers, strict and loose, with what podcasts need of them."""

from __future__ import annotations

from typing import Any

import feedparser.api

PODCAST = "https://podcastindex.org/namespace/1.0"
_AS_PAGE = "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
"""Where the namespace is described; many feeds name it so."""
PREFIX = "podcast"


class Podcasts:
    """Keeps what feedparser does not: every transcript, ``xml:base`` for all addresses, GUIDs as they are."""

    def _start_podcast_transcript(self: Any, attributes: dict[str, str]) -> None:
        self._resolve(attributes, "url")
        self._get_context().setdefault("podcast_transcripts", []).append(attributes)

    def _end_podcast_transcript(self) -> None:
        """Nothing was begun: it is all in the attributes."""

    def _start_enclosure(self: Any, attributes: dict[str, str]) -> None:
        self._resolve(attributes, "url")
        super()._start_enclosure(attributes)  # type: ignore[misc] # of the parser that this is mixed into

    def _start_media_content(self: Any, attributes: dict[str, str]) -> None:
        self._resolve(attributes, "url")
        super()._start_media_content(attributes)  # type: ignore[misc]

    def _start_guid(self: Any, attributes: dict[str, str]) -> None:
        # A permalink would be resolved against the feed's address, and be another one when that moves.
        super()._start_guid({**attributes, "ispermalink": "false"})  # type: ignore[misc]

    _start_id = _start_guid

    def _resolve(self: Any, attributes: dict[str, str], name: str) -> None:
        if address := attributes.get(name):
            attributes[name] = self.resolve_uri(address.strip())


class Strict(Podcasts, feedparser.api.StrictFeedParser):  # type: ignore[misc]
    """For well-formed XML."""


class Loose(Podcasts, feedparser.api.LooseFeedParser):  # type: ignore[misc]
    """For all else."""


def install() -> None:
    """Let :func:`feedparser.parse` use them in this process."""
    for address in (PODCAST, f"{PODCAST}/", _AS_PAGE):
        feedparser.api.StrictFeedParser.namespaces[address] = PREFIX
    feedparser.api.StrictFeedParser = Strict
    feedparser.api.LooseFeedParser = Loose
