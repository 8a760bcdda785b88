"""Mail: what is asked of who sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BUSY_SECONDS = 300.0
"""What servers that put strangers off at first (greylisting) want to see between two tries."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter."""

    path: Path
    name: str
    media_type: str


@dataclass(frozen=True)
class Letter:
    """What is to be sent.

    Attributes:
        id: of this letter alone, and the same however often it is sent: letters, digits and hyphens.
        to: addresses, for all to see.
        text: for readers that show none of the HTML.
        html: the same, to look at.
        unsubscribe_url: where a reader, or at one click its program, says that no more is wanted.
    """

    id: str
    to: Sequence[str]
    subject: str
    text: str
    html: str | None = None
    attachment: Attachment | None = None
    reply_to: str | None = None
    unsubscribe_url: str | None = None


@dataclass(frozen=True)
class Mailed:
    """What the server said. Each recipient is in one of the three.

    Attributes:
        message_id: the letter's Message-ID.
        accepted: it has the letter for these, and answers for it from now on.
        deferred: for these it would not take it now, but may later; with what it said.
        refused: for these it does not take it; with what it said.
    """

    message_id: str
    accepted: Sequence[str]
    deferred: Mapping[str, str]
    refused: Mapping[str, str]


class Mailer(Protocol):
    """Who sends mail."""

    async def send(self, letter: Letter, recipients: Sequence[str]) -> Mailed:
        """Hand a letter to the mail server for these of its recipients; return as soon as it has taken it.

        Once the letter itself is on its way, a cancellation waits for the server's answer. A server that is lost before
        it answered may have taken it: whoever sends it again sends it with the same Message-ID.

        Raises:
            MailUnavailableError: no mail server is set on this worker, it refuses its password, or cannot be trusted
                (permanent).
            RecipientForbiddenError: the settings do not let mail go to one of them (permanent).
            TooLargeError: the letter is larger than may be sent (permanent).
            MailRefusedError: the server takes it from nobody or for nobody like this (permanent).
            MailServerUnavailableError: the server is away, slow beyond its time or busy (transient).
        """
        ...
