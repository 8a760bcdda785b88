"""(b) Jobs accepted a second over HTTP, each durable when it is answered; against plain Procrastinate's defers."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from statistics import median

import procrastinate

from bench.dispatch import stock
from bench.dispatch.client import Client
from bench.dispatch.machine import Machine
from bench.figures import Row, Section

CLIENTS = (1, 8, 32)
SECONDS = 2.0
"""Of each measurement."""
Once = Callable[[], Awaitable[object]]


async def measure(machine: Machine, rounds: int) -> Section:
    """Rounds of all three, one after the other: one API process, two, and a process that defers."""
    found: dict[int, list[list[float]]] = {clients: [] for clients in CLIENTS}
    async with AsyncExitStack() as stack:
        first, second = [(await stack.enter_async_context(machine.api()))[0] for _ in range(2)]
        app = await stack.enter_async_context(stock.make_app(machine.stock_url).open_async())
        for number in range(rounds + 1):
            for clients in CLIENTS:
                one, two = await _posted([first], clients), await _posted([first, second], clients)
                if number:  # The round before the first is for warming up.
                    found[clients].append([one, two, await _deferred(app, clients)])
    return Section(
        "(b) Jobs accepted a second",
        ["clients", "one API", "two APIs", "Procrastinate's defer", "one / defer", "two / one"],
        [_row(clients, rates) for clients, rates in found.items()],
    )


def _row(clients: int, rates: Sequence[Sequence[float]]) -> Row:
    one, two, deferred = (median(each) for each in zip(*rates, strict=True))
    ratios = median(rate[0] / rate[2] for rate in rates), median(rate[1] / rate[0] for rate in rates)
    return Row(str(clients), [f"{each:.0f}" for each in (one, two, deferred)] + [f"{each:.2f}" for each in ratios])


async def _posted(urls: Sequence[str], clients: int) -> float:
    async with AsyncExitStack() as stack:
        chosen = itertools.islice(itertools.cycle(urls), clients)
        opened = [await stack.enter_async_context(Client(url)) for url in chosen]
        return await _rate([client.post for client in opened])


async def _deferred(app: procrastinate.App, clients: int) -> float:
    async def once() -> None:
        await app.tasks["nothing"].defer_async(number=0)

    return await _rate([once] * clients)


async def _rate(clients: Sequence[Once]) -> float:
    """How often a second they do it, all at the same time, each one after the other."""
    began = time.perf_counter()

    async def again_and_again(once: Once) -> int:
        for done in itertools.count():
            if time.perf_counter() > began + SECONDS:
                return done
            await once()
        return 0

    done = await asyncio.gather(*map(again_and_again, clients))
    return sum(done) / (time.perf_counter() - began)
