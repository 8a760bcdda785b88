# ruff: noqa: N802 - as aiosmtpd calls them
"""A mail server with an inbox, on loopback: a real one, and one that refuses, stalls or dies when a test wants it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "localhost"
USER, PASSWORD = "playhead", "never-to-be-seen"
GONE = "gone"
"""In the place of a reply: the connection is cut instead."""


@dataclass(frozen=True)
class Received:
    """A letter as it came in."""

    sender: str
    recipients: list[str]
    options: list[str]
    encrypted: bool
    user: str | None
    content: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def head(self) -> dict[str, str]:
        """Its headers as they came over the wire, unfolded and not decoded."""
        return {name: "".join(str(value).splitlines()) for name, value in message_from_bytes(self.content).items()}

    def body(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        assert part is not None
        return str(part.get_content())


@dataclass
class MailServer:
    """What came in, and what is to go wrong.

    Attributes:
        replies: to `MAIL`, `DATA` and to `RCPT` of an address (by that), used up one by one; else all is taken.
        hold: while it is not set, letters that were taken are not answered for.
        arrived: set when the first has come.
        quits: connections that were left in good manners.
    """

    port: int = 0
    letters: list[Received] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    quits: list[str] = field(default_factory=list)

    def settings(self, **more: Any) -> dict[str, Any]:
        """Of ``PLAYHEAD_MAIL__*``."""
        return {"host": HOST, "port": self.port, "security": "none", "sender": "Playhead <playhead@example.com>"} | more

    def _reply(self, to: str, server: SMTP) -> str | None:
        left = self.replies.get(to)
        if not left:
            return None
        reply = left.pop(0)
        if reply == GONE:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return reply

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if reply := self._reply("MAIL", server):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:
        if reply := self._reply(address, server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._reply("DATA", server)
        if reply is None:
            self.letters.append(_received(session, envelope))
        self.arrived.set()
        await self.hold.wait()
        return reply or "250 taken"

    async def handle_QUIT(self, _: SMTP, session: Session, __: Envelope) -> str:
        self.quits.append(str(session.host_name))
        return "221 Bye"


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, sign_in: bool = False, **options: Any
) -> AsyncIterator[MailServer]:
    """A server of its own; with ``tls`` it offers STARTTLS, or speaks nothing else where that is ``implicit``."""
    made = MailServer()
    made.hold.set()
    if sign_in:
        options |= {"auth_required": True, "authenticator": _authenticate}
    if tls and not implicit:
        options |= {"tls_context": tls, "require_starttls": True}
    if implicit:
        options |= {"auth_require_tls": False}  # It does not see that it is behind one.

    def protocol() -> SMTP:
        return SMTP(made, hostname="mail.example.com", enable_SMTPUTF8=options.pop("utf8", True), **options)

    listening = await asyncio.get_running_loop().create_server(protocol, HOST, 0, ssl=tls if implicit else None)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.hold.set()
        listening.close()
        await listening.wait_closed()


def authority() -> tuple[trustme.CA, ssl.SSLContext]:
    """Nobody trusts it but who is told to; and what a server of its needs."""
    made = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.issue_cert(HOST).configure_cert(context)
    return made, context


def _authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword) -> AuthResult:
    right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=given)


def _received(session: Session, envelope: Envelope) -> Received:
    assert isinstance(envelope.content, bytes)
    given: Any = session.auth_data
    return Received(
        sender=envelope.mail_from or "",
        recipients=list(envelope.rcpt_tos),
        options=list(envelope.mail_options),
        encrypted=session.ssl is not None,
        user=given.login.decode() if session.authenticated else None,
        content=envelope.content,
    )
