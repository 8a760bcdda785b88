"""Where the server may listen, and who counts as being on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

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


def is_local(headers: Headers) -> bool:
    """Whether a request that came in over loopback was meant for this machine by somebody on it.

    A browser on this machine sends what pages from elsewhere tell it to: such a request names the page's site in
    ``Origin``, or in ``Host`` where the site's name was made to lead to 127.0.0.1 (DNS rebinding).
    """
    host = headers.get("host", "")
    origin = headers.get("origin")
    return _is_loopback(_name(f"//{host}")) and (origin is None or origin.partition("://")[2] == host)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
