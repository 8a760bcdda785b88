"""A document goes out: by mail, or to a webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from playhead.delivering import Mail, Webhook, letter_of, media_type_of
from playhead.engines import Mailed, Post
from playhead.engines.mailing import BUSY_SECONDS
from playhead.errors import InvalidError, MailRefusedError, MailServerUnavailableError, PlayheadError, UrlForbiddenError
from playhead.fetch import check_url
from playhead.kind import Context, Kind
from playhead.mailboxes import require_permitted
from playhead.settings import Settings


class Params(BaseModel):
    """Where the document goes: exactly one of the two."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"mail": {"to": ["ann@example.com"], "subject": "What was said"}}]},
    )

    mail: Mail | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.mail is None) == (self.webhook is None):
            raise ValueError("give either mail or webhook")
        return self


class Delivery(BaseModel):
    """What was delivered."""

    channel: Literal["mail", "webhook"]
    message_id: str = Field(
        description="Message-ID of the letter, or `webhook-id` of the post: by it a repeat is known."
    )
    recipients: list[str] = Field(description="Addresses that the mail server took it for, or the webhook's URL.")
    delivered_at: datetime = Field(description="When the last of them was served.")


async def deliver(ctx: Context, params: Params) -> Delivery:
    """Hand the job's input on, and remember at once to whom: a later attempt goes to the others only."""
    kept = await ctx.restore()
    done = Delivery.model_validate(kept) if kept else None
    if params.mail:
        return await _mail(ctx, params.mail, done)
    assert params.webhook is not None  # noqa: S101 - one of the two is there
    return done or await _call(ctx, params.webhook)


def admit(params: Params, settings: Settings) -> None:
    """Refuse whom the operator does not let jobs write to, and what no worker may connect to.

    Raises:
        RecipientForbiddenError, InvalidError, UrlForbiddenError: with the field.
    """
    if params.mail:
        require_permitted(params.mail.to, settings.mail.allowed_recipients)
    if params.webhook:
        try:
            check_url(params.webhook.url, settings.fetch)
        except (InvalidError, UrlForbiddenError) as error:
            error.field = "webhook.url"
            raise


KIND = Kind(
    name="deliver",
    queue="io",
    summary="A document by mail, or to a webhook.",
    params=Params,
    result=Delivery,
    run=deliver,
    makes=lambda _: {},
    admit=admit,
)


async def _mail(ctx: Context, mail: Mail, done: Delivery | None) -> Delivery:
    served = done.recipients if done else []
    left = [address for address in mail.to if address not in served]
    if done and not left:
        return done
    await ctx.progress(0.0, stage="fetching")
    letter = await asyncio.to_thread(letter_of, await ctx.given(), mail, ctx.job_id)
    await ctx.progress(0.5, stage="sending")
    mailed = await ctx.engines.mailer.send(letter, left)
    made = Delivery(
        channel="mail",
        message_id=mailed.message_id,
        recipients=[*served, *mailed.accepted],
        delivered_at=datetime.now(UTC),
    )
    if mailed.accepted:
        await _remember(ctx, made)
    _require_all(mailed)
    return made


async def _call(ctx: Context, webhook: Webhook) -> Delivery:
    await ctx.progress(0.0, stage="fetching")
    given = await ctx.given()
    await ctx.progress(0.5, stage="sending")
    media_type = await asyncio.to_thread(media_type_of, given)
    post = Post(id=str(ctx.job_id), url=webhook.url, body=given.path, media_type=media_type)
    await ctx.engines.poster.post(post)
    made = Delivery(channel="webhook", message_id=post.id, recipients=[webhook.url], delivered_at=datetime.now(UTC))
    await _remember(ctx, made)
    return made


async def _remember(ctx: Context, made: Delivery) -> None:
    await ctx.checkpoint(made.model_dump(mode="json"))
    await ctx.stored()


def _require_all(mailed: Mailed) -> None:
    """Raise for those who did not get it; what may still come decides whether it is tried again."""
    error: PlayheadError | None = None
    if mailed.refused:
        error = MailRefusedError(f"the mail server refuses it for {_named(mailed.refused)}")
    if mailed.deferred:
        why = f"the mail server puts it off for {_named(mailed.deferred)}"
        message = f"{why}; {error.message}" if error else why
        error = MailServerUnavailableError(message, retry_after_seconds=BUSY_SECONDS)
    if error:
        raise error


def _named(said: Mapping[str, str]) -> str:
    return ", ".join(f"{address} ({reply})" for address, reply in said.items())
