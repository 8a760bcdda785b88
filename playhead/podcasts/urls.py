"""Addresses of feeds."""

from __future__ import annotations

import re

from playhead.errors import InvalidError, PlayheadError
from playhead.fetch.urls import checked_url
from playhead.settings import FetchSettings

MAX_URL = 2048
"""Characters; longer ones do not fit into the index that makes them unique."""
_APPS = re.compile(r"(?:feed|pcast|itpc|podcast):(?://)?(?=https?://)|(?:feed|pcast|itpc|podcast)://", re.IGNORECASE)
"""What programs for podcasts and feeds put in place of, or before, http."""


def feed_url(given: str, settings: FetchSettings, *, field: str = "url") -> str:
    """The address as it is kept: one however its host is written, without a fragment.

    Raises:
        InvalidError: it is no http or https URL, carries credentials, or is too long.
        UrlForbiddenError: it names an address that may not be fetched.
    """
    found = _APPS.sub(_replaced, given.strip(), count=1)
    try:
        url = str(checked_url(found, settings.allowed_networks).copy_with(fragment=None))
    except PlayheadError as error:
        error.field = field
        raise
    if len(url) > MAX_URL:
        raise InvalidError(f"the address of a feed has at most {MAX_URL} characters", field=field)
    return url


def _replaced(found: re.Match[str]) -> str:
    return "" if found.string[found.end() :].lower().startswith(("http://", "https://")) else "https://"
