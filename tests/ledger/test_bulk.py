from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from playhead.errors import InvalidError
from playhead.identity import new_id
from playhead.ledger.bulk import submit_bulk
from tests.ledger.conftest import BASE

if TYPE_CHECKING:
    from uuid import UUID

    from playhead.ledger.submit import Submission
    from tests.ledger.conftest import Bench


async def bulk(bench: Bench, wanted: list[Submission]) -> list[UUID]:
    async with bench.database.transaction() as session:
        return await submit_bulk(session, wanted)


async def test_two_that_name_the_same_in_opposite_orders_do_not_block_each_other(bench: Bench) -> None:
    lines = [replace(BASE, input={"url": f"https://example.com/{place}.mp3"}) for place in range(9)]
    async with bench.database.transaction() as session:
        await submit_bulk(session, lines[4:5])
        both = [asyncio.create_task(bulk(bench, some)) for some in (lines, lines[::-1])]
        await bench.blocked(2)
        await session.rollback()
    assert sorted([len(made) for made in await asyncio.gather(*both)]) == [0, 9]


async def test_more_inputs_than_a_statement_has_parameters(bench: Bench) -> None:
    for missing in ({"file": str(new_id())}, {"job": str(new_id()), "output": "a"}):
        sources = [{**missing, next(iter(missing)): str(new_id())} for _ in range(33_000)]
        wanted = [replace(BASE, input={"all": sources})]
        with pytest.raises(InvalidError, match="there is no"):
            await bulk(bench, wanted)
