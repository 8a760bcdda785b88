"""What can be said of a URL before anything is resolved."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address

import httpx

from playhead.errors import InvalidError, UrlForbiddenError
from playhead.fetch.addresses import Address, Network, is_permitted
from playhead.settings import FetchSettings

FIELD = "input.url"
MAX_PORT = 65_535

# httpx writes whatever else a host contains as percent escapes, which resolvers read in ways of their own.
_HOST = re.compile(r"[._-]*[a-z0-9][a-z0-9._-]*|[0-9a-f.]*:[0-9a-f:.]*", re.IGNORECASE)

_LOOPBACK_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}
_METADATA_NAMES = {"metadata.google.internal", "metadata.goog", "metadata"}


def check_url(url: str, settings: FetchSettings) -> None:
    """Refuse a URL that can be seen to be wrong; what its name leads to is checked on connecting.

    Raises:
        InvalidError: it is no http or https URL, or carries a user name or a password.
        UrlForbiddenError: it names an address that may not be fetched, in whatever notation.
    """
    checked_url(url, settings.allowed_networks)


def checked_url(url: str, allowed: Sequence[Network]) -> httpx.URL:
    """The URL as it will be requested; errors as for :func:`check_url`.

    Parsed once, by the parser of the client that sends it: two parsers that disagree are how such checks are fooled.
    """
    parsed = _parse(url)
    if parsed.userinfo:
        message = "A URL with a user name or a password is not accepted: it would be stored and shown with the job."
        raise InvalidError(message, field=FIELD)
    refuse_host(parsed.raw_host.decode("ascii"), allowed)
    return parsed


def refuse_host(host: str, allowed: Sequence[Network]) -> None:
    """Raise UrlForbiddenError for a host that is, or always means, an address that may not be fetched."""
    addresses = literal_addresses(host)
    if host.rstrip(".") in _METADATA_NAMES or not all(is_permitted(address, allowed) for address in addresses):
        raise forbidden(host)


def forbidden(host: str) -> UrlForbiddenError:
    """The refusal, without the address: what lies in the operator's network is not for the client to map."""
    message = (
        f"{host} leads to an address that is not on the public internet. "
        "The operator can open a network with PLAYHEAD_FETCH__ALLOWED_NETWORKS."
    )
    return UrlForbiddenError(message, field=FIELD)


def literal_addresses(host: str) -> list[Address]:
    """What a host stands for without asking any resolver; nothing for an ordinary name."""
    host = host.rstrip(".").strip("[]").lower()
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return [IPv4Address("127.0.0.1")]
    try:
        return [ip_address(host)]
    except ValueError:
        return _old_notation(host)


def _old_notation(host: str) -> list[Address]:
    # What the C library takes for an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1.
    try:
        return [IPv4Address(socket.inet_aton(host))]
    except (OSError, ValueError):
        return []


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        parsed.host  # noqa: B018 - what httpx reads back from punycode is for messages, and may be none
    except (httpx.InvalidURL, ValueError) as error:
        message = f"This is not a URL: {error}"
        raise InvalidError(message, field=FIELD) from error
    if parsed.scheme not in {"http", "https"} or not _HOST.fullmatch(parsed.raw_host.decode("ascii")):
        message = "The URL must begin with http:// or https:// and name a host."
        raise InvalidError(message, field=FIELD)
    if parsed.port is not None and not 0 < parsed.port <= MAX_PORT:
        message = "The port of the URL does not exist."
        raise InvalidError(message, field=FIELD)
    return parsed
