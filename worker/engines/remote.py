"""Servers of others: their addresses, and their keys, which are kept out of what is told of a fault."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from playhead.errors import ModelUnavailableError

_SHORTEST = 8
"""Shorter keys are made up for servers that want any: too many words have them in them."""


def server_address(url: str | None, variable: str) -> str:
    """The address, as a client can use it.

    Raises:
        ModelUnavailableError: it is none.
    """
    address = (url or "").strip()
    try:
        parts = urlsplit(address)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        example = "http://127.0.0.1:11434/v1"
        raise ModelUnavailableError(f"{variable} is no address of a server: set it to one such as {example}")
    return address


def header_key(secret: SecretStr | None, variable: str) -> str | None:
    """The key, None if none is set. A file that it was read from may end in a line end.

    Raises:
        ModelUnavailableError: no header can hold it. Whoever finds that out later quotes it.
    """
    key = secret.get_secret_value().strip() if secret else ""
    if not (key.isascii() and key.isprintable()):
        raise ModelUnavailableError(f"{variable} holds characters that no key has: set it anew on the worker")
    return key or None


def without_key(said: str, key: str | None) -> str:
    """What a server said of a request, less the key: some servers and proxies quote what they refuse."""
    return said.replace(key, "[the key]") if key and len(key) >= _SHORTEST else said
