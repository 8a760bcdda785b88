"""Where the server may listen."""

from __future__ import annotations

from ipaddress import ip_address

from playhead.errors import InvalidError
from playhead.settings import Settings


def check_bind(settings: Settings, host: str) -> None:
    """Let ``AUTH=off`` listen to this machine only.

    Raises:
        InvalidError: others could reach it.
    """
    if settings.auth == "off" and not _is_loopback(host):
        raise InvalidError(
            f"PLAYHEAD_AUTH=off lets anyone in, and {host or 'every address'} can be reached from elsewhere: "
            "listen on 127.0.0.1, or set PLAYHEAD_AUTH=keys and PLAYHEAD_ADMIN_KEY",
            field="auth",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
