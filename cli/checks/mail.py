"""The mail server: does it answer, encrypted as is asked for, and does it take the password."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator

import httpx

from cli.checks.check import Check, broken, fine, note
from playhead.settings import MailSettings, Settings

NAME = "mail"
PATIENCE_SECONDS = 5.0
PORTS = {"starttls": 587, "tls": 465, "none": 25}


def check_mail(settings: Settings) -> Iterator[Check]:
    """Whether `deliver` could send by it. No letter is sent."""
    mail = settings.mail
    if not mail.host:
        remedy = "To have it: set PLAYHEAD_MAIL__HOST and PLAYHEAD_MAIL__SENDER."
        yield note(NAME, "no server: deliver sends no mail", remedy)
    elif not mail.sender:
        yield broken(NAME, "nobody to send mail from", "Set PLAYHEAD_MAIL__SENDER, e.g. playhead@example.com.")
    else:
        yield _asked(mail, mail.host, mail.port or PORTS[mail.security])


def _asked(mail: MailSettings, host: str, port: int) -> Check:
    where = f"{host}:{port}"
    try:
        with _connected(mail, host, port) as server:
            _sign_in(mail, server)
    except smtplib.SMTPAuthenticationError as error:
        remedy = "Check PLAYHEAD_MAIL__USERNAME and PLAYHEAD_MAIL__PASSWORD."
        return broken(NAME, f"{where} refuses the password ({error.smtp_code})", remedy)
    except ssl.SSLCertVerificationError as error:
        remedy = "Set PLAYHEAD_MAIL__HOST to the name in its certificate, or SSL_CERT_FILE to who signed that."
        return broken(NAME, f"{where} cannot be trusted ({error.verify_message})", remedy)
    except smtplib.SMTPNotSupportedError:
        remedy = "Check PLAYHEAD_MAIL__SECURITY, and whether it takes passwords at all."
        return broken(NAME, f"{where} knows no STARTTLS, or no sign-in, like this", remedy)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        remedy = "Start it, or check PLAYHEAD_MAIL__HOST, __PORT and __SECURITY."
        return broken(NAME, f"no answer at {where} ({type(error).__name__})", remedy)
    return fine(NAME, f"{where} answers; from {mail.sender}")


def _connected(mail: MailSettings, host: str, port: int) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE_SECONDS, context=httpx.create_ssl_context())
    return smtplib.SMTP(host, port, timeout=PATIENCE_SECONDS)


def _sign_in(mail: MailSettings, server: smtplib.SMTP) -> None:
    if mail.security == "starttls":
        server.starttls(context=httpx.create_ssl_context())
    if mail.username:
        server.login(mail.username, mail.password.get_secret_value().strip() if mail.password else "")
    else:
        server.ehlo_or_helo_if_needed()
