"""A mail server on the loopback that keeps what it gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Inbox:
    """Letters, in the order in which they came."""

    def __init__(self) -> None:
        self.letters: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Take a letter, as aiosmtpd has it."""
        self.letters.put_nowait(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 Message accepted"


@asynccontextmanager
async def inbox() -> AsyncIterator[tuple[Inbox, int]]:
    """An inbox, and the port of its server."""
    kept = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(kept), HOST, 0)
    async with server:
        yield kept, server.sockets[0].getsockname()[1]
