"""Whether an address that somebody wants to subscribe to is a feed, told while they wait."""

from __future__ import annotations

import asyncio

from playhead.errors import PlayheadError
from playhead.models import Feed
from playhead.podcasts.polling.entries import ABOUT
from playhead.podcasts.polling.fetching import Known, ask
from playhead.podcasts.polling.reading import read
from playhead.settings import Settings

PATIENCE_SECONDS = 10.0
AT_ONCE = 4
"""Feeds that one process looks at at a time, for all who wait."""


class Checking:
    """The looking of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(AT_ONCE)

    async def look(self, url: str) -> Feed:
        """The feed as far as could be seen in ten seconds, at the address where it is for good; no row yet.

        One that is slow, or for which there is no place in that time, is taken at its word: it is asked later.

        Raises:
            PlayheadError: as :func:`playhead.podcasts.polling.fetching.ask` and
                :func:`playhead.podcasts.polling.reading.read`; the field is ``url``.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._places:
                return await self._seen(url)
        except TimeoutError:
            return Feed(url=url)
        except PlayheadError as error:
            error.field = "url"
            raise

    async def _seen(self, url: str) -> Feed:
        answer = await ask(Known(url), self._settings)
        document = await read(answer)
        return Feed(url=answer.known.url, **{name: getattr(document, name) for name in ABOUT})
