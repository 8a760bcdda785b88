"""Messages: what is sent, as a request for the job that sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from playhead.errors import InvalidError
from playhead.models import DigestIssue
from playhead.podcasts.telling.episodes import Item, letter, record
from playhead.settings import PodcastSettings

Channel = Mapping[str, Any]
"""``{"mail": address}`` or ``{"webhook": URL}``."""
NOWHERE = "there is nowhere to send it: your digest is only a feed; PATCH /api/v1/digest gives it an address"


def of_episode(item: Item, channel: Channel) -> dict[str, Any]:
    """The request that sends word of one episode."""
    subject = f"{item.feed.title}: {item.title}" if item.feed.title else item.title
    return _message(channel, subject, letter(item), {"type": "episode.ready", **record(item)})


def of_digest(issue: DigestIssue, items: Sequence[Item], channel: Channel) -> dict[str, Any]:
    """The request that sends a digest, which tells of these."""
    told = {"type": "digest.ready", "title": issue.title, "episodes": [record(item) for item in items]}
    return _message(channel, issue.title, issue.markdown, told)


def terms(settings: PodcastSettings, seconds_left: float) -> dict[str, Any]:
    """How often, for how long and until when it is to be tried."""
    return {
        "max_attempts": settings.delivery_attempts,
        "timeout_seconds": settings.delivery_seconds,
        "expires_in_seconds": seconds_left,
    }


def is_sent(channel: Channel) -> bool:
    """Whether anything is sent there; not so with a digest that is only a feed."""
    return "mail" in channel or "webhook" in channel


def goes_to(params: Mapping[str, Any], channel: Channel) -> bool:
    """Whether a job with these params sends it there."""
    mail, webhook = params.get("mail") or {}, params.get("webhook") or {}
    return (mail.get("to") or [webhook.get("url")]) == [channel.get("mail") or channel.get("webhook")]


def _message(channel: Channel, subject: str, text: str, told: Mapping[str, Any]) -> dict[str, Any]:
    if not is_sent(channel):
        raise InvalidError(NOWHERE, field="notify")
    if "mail" in channel:
        params = {"mail": {"to": [channel["mail"]], "subject": _subject(subject)}}
    else:
        text, params = json.dumps(told, ensure_ascii=False), {"webhook": {"url": channel["webhook"]}}
    return {"kind": "deliver", "input": {"text": text}, "params": params}


def _subject(text: str) -> str:
    return "".join(filter(str.isprintable, " ".join(text.split())))[:200] or "A new episode"
