"""How feeds are read, and how people hear of new episodes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from playhead.errors import InvalidError
from playhead.schedules.cron import Cron
from playhead.settings.jobs import DAY

LONGEST_SECONDS = 3650 * DAY
"""No job may be asked for with a longer time than :data:`playhead.asking.terms.MAX_SECONDS`."""


def _times(expression: str) -> str:
    try:
        return Cron(expression).expression
    except InvalidError as error:
        raise ValueError(error.message) from None


class PodcastSettings(BaseModel):
    """How feeds are read, and how people hear of new episodes."""

    poll_seconds: float = Field(3600, ge=60, description="How often a feed is asked for new episodes.")
    quiet_poll_seconds: float = Field(
        6 * 3600,
        ge=60,
        description="The same for a feed that has had none for long; in between, for one more and more.",
    )
    ask_seconds: float = Field(60, gt=0, description="Longest time that asking one feed may take.")
    max_feed_bytes: int = Field(32 * 1024**2, gt=0, description="Largest feed that is read, unpacked, in bytes.")
    expires_seconds: float = Field(
        7 * DAY, gt=0, le=LONGEST_SECONDS, description="A delivery not sent within this time ends as `expired`."
    )
    delivery_seconds: float = Field(
        300, gt=0, le=LONGEST_SECONDS, description="Longest time that one try to send may take."
    )
    delivery_attempts: int = Field(5, ge=1, le=100, description="Tries to send, before a delivery has failed.")
    digest_cron: Annotated[str, AfterValidator(_times)] = Field(
        "0 2 * * *", description="When digests come, in UTC, unless their owner says otherwise."
    )
