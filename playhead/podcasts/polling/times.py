"""When a feed is asked the next time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func

from playhead.errors import FeedGoneError, PlayheadError
from playhead.models import Feed
from playhead.settings import PodcastSettings
from playhead.settings.jobs import DAY

LEASE = timedelta(minutes=10)
"""No poll takes longer. One whose worker died is made up for after this time."""
AT_MOST_EACH = timedelta(minutes=1)
"""However often somebody wishes it, a feed is asked no more often."""
FIRST_RETRY_SECONDS = 300.0
QUIET_SHARE = 0.01
"""A feed that had nothing for a week is asked after a hundredth of that."""
JITTER = 0.1


def after_success(quiet_seconds: float, settings: PodcastSettings) -> timedelta:
    """How long to wait after a poll; ``quiet_seconds`` ago the feed had its last new episode."""
    longest = max(settings.poll_seconds, settings.quiet_poll_seconds)
    return _spread(min(max(settings.poll_seconds, QUIET_SHARE * quiet_seconds), longest))


def after_failure(failures: int, error: PlayheadError) -> timedelta:
    """How long to wait after so many failures in a row: up to a day, and not less than the server asks for."""
    if isinstance(error, FeedGoneError):
        return _spread(DAY)
    # Beyond ten doublings it is a day anyway.
    wait = FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10)
    return _spread(min(max(wait, error.retry_after_seconds or 0.0), DAY))


def soon() -> ColumnElement[datetime]:
    """The ``next_poll_at`` of a feed that somebody waits for. One that is just being asked, or will be, stays."""
    at = func.now()
    wished = func.greatest(at, Feed.polled_at + AT_MOST_EACH)
    awaited = Feed.next_poll_at.between(at, at + LEASE)
    return case((awaited, Feed.next_poll_at), else_=func.least(Feed.next_poll_at, wished))


def _spread(seconds: float) -> timedelta:
    """Never earlier: a server may have said when it is to be asked again."""
    return timedelta(seconds=seconds * (1 + random.uniform(0, JITTER)))  # noqa: S311 - feeds are to be spread, no more
