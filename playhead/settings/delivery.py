"""How documents leave the house: by mail and to webhooks."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from playhead.mailboxes import parsed
from playhead.settings.keys import OptionalKey

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every such secret begins with
_LEAST_BYTES = 24


def signing_key(secret: SecretStr) -> bytes:
    """The bytes of a secret of Standard Webhooks: base64 after ``whsec_``.

    Raises:
        ValueError: it is none.
    """
    text = secret.get_secret_value().strip().removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("it must be base64, with or without whsec_ before it") from None
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"it must be {_LEAST_BYTES} random bytes or more, in base64")
    return key


def _sound_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        signing_key(secret)
    return secret


def _sound_sender(sender: str | None) -> str | None:
    if sender is not None:
        parsed(sender, named=True)
    return sender


class MailSettings(BaseModel):
    """The server that mail is sent through."""

    host: str | None = Field(None, description="Name of the SMTP server; without it no mail is sent.")
    port: int | None = Field(
        None, gt=0, le=65_535, description="Its port; None takes 587 for `starttls`, 465 for `tls`, 25 for `none`."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted. `starttls` never goes on without."
    )
    username: str | None = Field(None, description="Name to sign in with; without it nobody signs in.")
    password: OptionalKey = Field(None, description="Password that goes with it.")
    sender: Annotated[str | None, AfterValidator(_sound_sender)] = Field(
        None, description="Whom mail is from: `playhead@example.com`, or `Playhead <playhead@example.com>`."
    )
    timeout_seconds: float = Field(
        60, gt=0, description="Longest time the server may take to answer; for a whole letter it has ten minutes."
    )
    max_bytes: int = Field(
        20 * 1024**2, gt=0, description="Largest mail, as it is sent: a file in it takes 1.37 times its size."
    )
    allowed_recipients: list[str] = Field(
        default_factory=list,
        description='Addresses that jobs may send to, `*` for any letters: `["*@example.com"]`. Left empty, all.',
    )


class WebhookSettings(BaseModel):
    """How webhooks are called."""

    secret: Annotated[OptionalKey, AfterValidator(_sound_secret)] = Field(
        None, description="Secret of Standard Webhooks, `whsec_` and base64: with it every call is signed."
    )
    timeout_seconds: float = Field(30, gt=0, description="Longest time one call may take.")
    max_bytes: int = Field(100 * 1024**2, gt=0, description="Largest document that is posted.")
