"""Recordings fetched from URLs, without leading anyone into the operator's own network."""

from __future__ import annotations

from playhead.fetch.download import Fetched, fetch
from playhead.fetch.urls import check_url

__all__ = ["Fetched", "check_url", "fetch"]
