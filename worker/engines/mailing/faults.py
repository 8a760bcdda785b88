"""What a mail server's refusals and silences mean for a job."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiosmtplib

from playhead.engines.mailing import BUSY_SECONDS
from playhead.errors import MailRefusedError, MailServerUnavailableError, MailUnavailableError, PlayheadError
from playhead.settings import MailSettings
from worker.engines.remote import without_key

AWAY_SECONDS = 60.0
"""Before another attempt: a mail server that is started anew takes less."""
_MOST_CHARACTERS = 200
_FIRST_PERMANENT = 500


def is_permanent(reply: aiosmtplib.SMTPResponseException) -> bool:
    """Whether the same would be said again: 5yz, and what no server should say."""
    return reply.code >= _FIRST_PERMANENT or reply.code < 400  # noqa: PLR2004 - 4yz is what may pass


def told(reply: aiosmtplib.SMTPResponseException, settings: MailSettings) -> str:
    """What the server said, for a job's error."""
    return f"{reply.code} {_said(reply.message, settings)}".strip()


@contextmanager
def faults(settings: MailSettings) -> Iterator[None]:
    """Turn what goes wrong with the mail server into errors of ours."""
    try:
        yield
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _judged(error, settings) from None


def _judged(error: Exception, settings: MailSettings) -> PlayheadError:
    where = f"the mail server {settings.host}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _of_reply(error, where, settings)
    said = _said(str(error) or type(error).__name__, settings)
    if _is_mistrust(error):
        return MailUnavailableError(f"{where} cannot be trusted: {said}")
    if isinstance(error, OSError):  # Lost connections and silences among them.
        return MailServerUnavailableError(f"{where} did not answer: {said}", retry_after_seconds=AWAY_SECONDS)
    return MailUnavailableError(f"{where} cannot do what PLAYHEAD_MAIL__* ask for: {said}")


def _of_reply(reply: aiosmtplib.SMTPResponseException, where: str, settings: MailSettings) -> PlayheadError:
    said = told(reply, settings)
    if not is_permanent(reply):
        return MailServerUnavailableError(f"{where} puts it off: {said}", retry_after_seconds=BUSY_SECONDS)
    if isinstance(reply, aiosmtplib.SMTPAuthenticationError):
        return MailUnavailableError(f"{where} refuses PLAYHEAD_MAIL__USERNAME or its password: {said}")
    return MailRefusedError(f"{where} refuses it: {said}")


def _is_mistrust(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _said(text: str, settings: MailSettings) -> str:
    password = settings.password.get_secret_value() if settings.password else None
    return " ".join(without_key(text, password)[:_MOST_CHARACTERS].split())
