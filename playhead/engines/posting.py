"""Webhooks: what is asked of who calls them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Post:
    """What is to be posted.

    Attributes:
        id: of this post alone, and the same however often it is made; the receiver gets it as ``webhook-id``.
        url: of the receiver.
        body: a file with what it gets, byte for byte.
    """

    id: str
    url: str
    body: Path
    media_type: str


class Poster(Protocol):
    """Who calls webhooks, as Standard Webhooks has it: https://www.standardwebhooks.com."""

    async def post(self, post: Post) -> None:
        """Post it; return when the receiver answered with success (2xx). No redirect is followed.

        A cancellation waits for the answer.

        Raises:
            InvalidError: the URL is none (permanent).
            UrlForbiddenError: it leads to an address that is not on the public internet (permanent).
            TooLargeError: the body is larger than may be posted (permanent).
            WebhookRefusedError: the receiver wants it neither now nor later: 3xx, 4xx (permanent).
            UrlUnreachableError: no connection, no answer in time, 408, 425, 429 or 5xx (transient).
        """
        ...
