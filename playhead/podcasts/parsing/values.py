"""Addresses, times and durations, as feeds write them; None for what is none."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import struct_time
from urllib.parse import urlsplit

MAX_URL = 8192
YEARS = range(1970, 3000)
LONGEST_SECONDS = 1_000_000.0
"""Of an episode: eleven days. Beyond it are milliseconds and mistakes."""

_UNSEEN = re.compile(r"[\x00-\x20\x7f]")
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,7}(?:\.\d{1,6})?)", re.ASCII)


def address(given: str | None) -> str | None:
    """An absolute http or https URL."""
    found = _UNSEEN.sub("", (given or "").replace("\n", "").strip().replace(" ", "%20"))
    try:
        parts = urlsplit(found)
        right = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        return None
    return found if right and len(found) <= MAX_URL and found.isprintable() else None


def moment(parsed: struct_time | None, given: str | None) -> datetime | None:
    """A time in UTC: as feedparser has it, or what a mail program makes of what is written."""
    try:
        if parsed is not None:
            found = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
        else:
            found = parsedate_to_datetime(given or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None


def seconds(given: str | None) -> float | None:
    """A duration: ``1:02:03``, ``62:03`` or ``3723``."""
    found = _CLOCK.fullmatch((given or "").strip())
    if found is None:
        return None
    hours, minutes, rest = found.groups()
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest)
    return total if 0 < total <= LONGEST_SECONDS else None
