from __future__ import annotations

import asyncio

from playhead.engines import Post
from playhead.fetch.urls import checked_url
from playhead.settings import FetchSettings, WebhookSettings
from worker.engines.poster import require_room


class StubPoster:
    """A :class:`~playhead.engines.Poster` that connects to nobody."""

    def __init__(self, settings: WebhookSettings, fetching: FetchSettings) -> None:
        self._settings = settings
        self._fetching = fetching

    async def post(self, post: Post) -> None:
        """As :meth:`playhead.engines.Poster.post`."""
        checked_url(post.url, self._fetching.allowed_networks)
        require_room((await asyncio.to_thread(post.body.stat)).st_size, self._settings)
