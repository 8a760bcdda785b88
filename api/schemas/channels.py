"""How somebody is told: by mail, by a webhook, or without anything being sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from playhead.asking.inputs import Strict, told_apart
from playhead.errors import PlayheadError
from playhead.fetch import check_url
from playhead.mailboxes import Mailbox, require_permitted
from playhead.podcasts.urls import MAX_URL
from playhead.settings import Settings


class ByMail(Strict):
    """By mail. The operator may bound whom mail goes to (`recipient_forbidden`)."""

    mail: Mailbox


class ByWebhook(Strict):
    """By a request to this address. Private addresses are refused (`url_forbidden`)."""

    webhook: str = Field(min_length=1, max_length=MAX_URL, json_schema_extra={"format": "uri"})


class ByDigest(Strict):
    """All at once, at the times of your digest."""

    digest: Literal[True]


class ByFeed(Strict):
    """By the digest's own feed alone."""

    feed: Literal[True]


if TYPE_CHECKING:
    Notify = ByMail | ByWebhook | ByDigest
    NotifyDigest = ByMail | ByWebhook | ByFeed
else:
    _SENT = {"mail": (ByMail, '{"mail": address}'), "webhook": (ByWebhook, '{"webhook": address}')}
    Notify = told_apart({**_SENT, "digest": (ByDigest, '{"digest": true}')})
    NotifyDigest = told_apart({**_SENT, "feed": (ByFeed, '{"feed": true}')})


def permitted(asked: BaseModel, settings: Settings) -> dict[str, Any]:
    """What was asked, as it is kept.

    Raises:
        RecipientForbiddenError, UrlForbiddenError, InvalidError: nothing may be sent there.
    """
    try:
        if isinstance(asked, ByWebhook):
            check_url(asked.webhook, settings.fetch)
        if isinstance(asked, ByMail):
            require_permitted([asked.mail], settings.mail.allowed_recipients)
    except PlayheadError as error:
        error.field = f"notify.{'mail' if isinstance(asked, ByMail) else 'webhook'}"
        raise
    return asked.model_dump(mode="json")
