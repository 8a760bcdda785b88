from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playhead.engines import Letter, Mailed
from playhead.mailboxes import require_permitted
from playhead.settings import MailSettings
from worker.engines.mailing.mailer import ready
from worker.engines.mailing.message import compose, message_id


class StubMailer:
    """A :class:`~playhead.engines.Mailer` that writes every letter, and sends none."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, letter: Letter, recipients: Sequence[str]) -> Mailed:
        """As :meth:`playhead.engines.Mailer.send`."""
        sender = ready(self._settings)
        require_permitted(recipients, self._settings.allowed_recipients)
        await asyncio.to_thread(compose, letter, sender, self._settings.max_bytes)
        return Mailed(message_id(letter, sender), list(recipients), {}, {})
