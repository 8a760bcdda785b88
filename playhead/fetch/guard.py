"""Connections to checked addresses only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address

import httpcore

from playhead.fetch.addresses import Address, Network, is_permitted
from playhead.fetch.urls import forbidden, literal_addresses

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""From a name and a port to its addresses, in the order to try; OSError where the name has none."""


async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(place[4][0]) for place in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, checks what came back and connects to just that.

    Every connection of the client passes here, those of redirects too; the name is never resolved again, so an
    answer that changes between the check and the connection (DNS rebinding) changes nothing. A name with even one
    forbidden address is refused: no honest one mixes them.
    """

    def __init__(self, allowed: Sequence[Network], resolver: Resolver = resolve) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; UrlForbiddenError where one may not be connected to."""
        addresses = await self._checked(host, port, timeout)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def _checked(self, host: str, port: int, patience: float | None) -> Sequence[Address]:
        addresses = literal_addresses(host) or await self._resolved(host, port, patience)
        if not all(is_permitted(address, self._allowed) for address in addresses):
            raise forbidden(host)
        return addresses

    async def _resolved(self, host: str, port: int, patience: float | None) -> Sequence[Address]:
        try:
            async with asyncio.timeout(patience):
                return await self._resolver(host, port)
        except TimeoutError as error:
            message = f"the name {host} was not resolved in time"
            raise httpcore.ConnectTimeout(message) from error
        except (OSError, UnicodeError) as error:
            message = f"the name {host} could not be resolved: {error}"
            raise httpcore.ConnectError(message) from error

    async def sleep(self, seconds: float) -> None:
        """Between httpcore's own retries, of which there are none."""
        await self._network.sleep(seconds)
