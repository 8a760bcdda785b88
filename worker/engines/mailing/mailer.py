from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from email.headerregistry import Address

import aiosmtplib
import httpx

from playhead.cancellation import undivided
from playhead.engines import Letter, Mailed
from playhead.errors import MailRefusedError, MailUnavailableError
from playhead.mailboxes import on_the_wire, require_permitted
from playhead.settings import MailSettings
from worker.engines.mailing.faults import faults, is_permanent, told
from worker.engines.mailing.message import compose, is_beyond_ascii, message_id, sender_of

TAKING_SECONDS = 600.0
"""For a whole letter, as RFC 5321 has it: who gives up earlier sends it again to a server that was taking it."""
PARTING_SECONDS = 5.0

Refusal = aiosmtplib.SMTPRecipientRefused


class SmtpMailer:
    """The real :class:`~playhead.engines.Mailer`: a connection for each letter, to the server of the settings."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._partings: set[asyncio.Task[None]] = set()

    async def send(self, letter: Letter, recipients: Sequence[str]) -> Mailed:
        """As :meth:`playhead.engines.Mailer.send`."""
        sender = ready(self._settings)
        require_permitted(recipients, self._settings.allowed_recipients)
        content = await asyncio.to_thread(compose, letter, sender, self._settings.max_bytes)
        encoding = "utf-8" if is_beyond_ascii(letter, sender) else "ascii"
        with faults(self._settings):
            async with self._connected() as client:
                await _begin(client, sender, len(content), encoding)
                said = await _name_recipients(client, recipients, encoding)
                if len(said) < len(recipients):
                    await undivided(client.data(content, timeout=TAKING_SECONDS))
        return self._sorted(message_id(letter, sender), recipients, said)

    async def close(self) -> None:
        """Wait for connections that are being closed."""
        await asyncio.gather(*self._partings)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=await _trust(settings),
            username=settings.username,
            password=settings.password.get_secret_value().strip() if settings.password else None,
            timeout=settings.timeout_seconds,
        )
        try:
            await client.connect()
            yield client
        except BaseException:
            client.close()
            raise
        self._part(client)

    def _part(self, client: aiosmtplib.SMTP) -> None:
        """Take leave, and let nobody wait for that: what was accepted is to be written down first."""
        parting = asyncio.create_task(_quit(client), name="parting from a mail server")
        self._partings.add(parting)
        parting.add_done_callback(self._partings.discard)

    def _sorted(self, letter_id: str, recipients: Sequence[str], said: Mapping[str, Refusal]) -> Mailed:
        lasting = {one for one, reply in said.items() if is_permanent(reply)}
        return Mailed(
            message_id=letter_id,
            accepted=[one for one in recipients if one not in said],
            deferred={one: told(reply, self._settings) for one, reply in said.items() if one not in lasting},
            refused={one: told(reply, self._settings) for one, reply in said.items() if one in lasting},
        )


def ready(settings: MailSettings) -> Address:
    """Whom mail is from.

    Raises:
        MailUnavailableError: what is needed for sending is not set.
    """
    for value, name in ((settings.host, "HOST"), (settings.sender, "SENDER")):
        if not value:
            raise MailUnavailableError(f"no mail is sent by this worker: PLAYHEAD_MAIL__{name} is not set")
    return sender_of(settings.sender or "")


async def _trust(settings: MailSettings) -> ssl.SSLContext | None:
    """As for all that is asked on the web: SSL_CERT_FILE names an authority of one's own."""
    return None if settings.security == "none" else await asyncio.to_thread(httpx.create_ssl_context)


async def _begin(client: aiosmtplib.SMTP, sender: Address, size_bytes: int, encoding: str) -> None:
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    options = ["SMTPUTF8"] if encoding == "utf-8" else []
    if options and not client.supports_extension("smtputf8"):
        raise MailRefusedError("the mail server takes no addresses with letters beyond ASCII before the @")
    if client.supports_extension("size"):
        options.append(f"SIZE={size_bytes}")
    await client.mail(sender.addr_spec, options=options, encoding=encoding)


async def _name_recipients(client: aiosmtplib.SMTP, recipients: Sequence[str], encoding: str) -> dict[str, Refusal]:
    """Tell the server who is to have it. Gives what it said of those for whom it takes nothing."""
    said = {}
    for one in recipients:
        try:
            await client.rcpt(on_the_wire(one), encoding=encoding)
        except Refusal as refusal:
            said[one] = refusal
    return said


async def _quit(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=PARTING_SECONDS)
    client.close()
