"""Which server the client commands talk to, and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cli.failure import USAGE, CommandError
from playhead.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8000"
KEY_FILE = "admin.key"
"""In DATA_DIR: `playhead up` keeps the key that it made there, readable by its owner alone."""


@dataclass(frozen=True)
class Access:
    """A server and the key for it.

    Attributes:
        url: without a slash at its end.
        key: None where none was found; a server with ``AUTH=off`` needs none.
        chosen: whether somebody named this server; else it is the default.
    """

    url: str
    key: str | None
    chosen: bool


def find_access(settings: Settings) -> Access:
    """What the environment and DATA_DIR say.

    Raises:
        CommandError: PLAYHEAD_URL is no address; or the key's file may not be read.
    """
    named = os.environ.get("PLAYHEAD_URL", "")
    url = (named or DEFAULT_URL).rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise CommandError(f"PLAYHEAD_URL is {url!r}, no address.", remedy=f"Like {DEFAULT_URL}.", exit_code=USAGE)
    return Access(url, find_key(settings, url), chosen=bool(named))


def find_key(settings: Settings, url: str) -> str | None:
    """The key for the server at ``url``. The key of this machine's own server is sent to no other machine."""
    if given := os.environ.get("PLAYHEAD_API_KEY"):
        return given
    if settings.admin_key and settings.admin_key.get_secret_value():
        return settings.admin_key.get_secret_value()
    return kept_key(settings.data_dir) if _on_this_machine(url) else None


def kept_key(data_dir: Path) -> str | None:
    """The key that `playhead up` made in ``data_dir``; None where it never ran."""
    path = data_dir / KEY_FILE
    return path.read_text().strip() if path.exists() else None


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
