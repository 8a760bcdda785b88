"""A question to the server that the command line talks to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cli.client import Client

T = TypeVar("T")


def ask(question: Callable[[Client], Awaitable[T]]) -> T:
    """The answer to ``question``, put to a client of the server.

    Raises:
        CommandError: no server answers, or it refuses.
    """
    import asyncio

    return asyncio.run(_asked(question))


async def _asked(question: Callable[[Client], Awaitable[T]]) -> T:
    from cli.access import find_access
    from cli.client import Client
    from cli.configuration import load

    async with Client(find_access(load())) as client:
        await client.demand()
        return await question(client)
