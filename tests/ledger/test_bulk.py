from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from playhead.digests import digest_of
from playhead.errors import InvalidError
from playhead.identity import new_id
from playhead.ledger import settle
from playhead.ledger.bulk import submit_bulk
from playhead.ledger.files import add_file
from playhead.ledger.settle import Cost, Made
from playhead.storage import Blob
from tests.ledger.conftest import BASE, confirm

if TYPE_CHECKING:
    from uuid import UUID

    from playhead.ledger.run import Run
    from playhead.ledger.submit import Submission
    from tests.ledger.conftest import Bench


WORDS = "words"
SHA256 = hashlib.sha256(WORDS.encode()).hexdigest()


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


async def succeed(bench: Bench, run: Run, sha256: str = SHA256) -> None:
    async with bench.database.transaction() as session:
        made = [Made("a.txt", sha256, 1, "text/plain")]
        await settle.succeed(session, run, {}, made, Cost(), confirm)


async def upload(bench: Bench, sha256: str = SHA256) -> dict[str, str]:
    about: dict[str, Any] = {"name": None, "media_type": "text/plain", "duration_seconds": None}
    blob, owner = Blob(sha256, 1), BASE.owner_id
    async with bench.database.transaction() as session:
        file = await add_file(session, owner_id=owner, blob=blob, expires_in_seconds=3600, **about)
    return {"file": str(file.id)}


def output_of(run: Run) -> dict[str, str]:
    return {"job": str(run.job_id), "output": "a.txt"}


async def test_work_on_an_output_is_known_before_and_after_it_is_made(bench: Bench) -> None:
    run = await bench.running()
    line = replace(BASE, kind="summarize", input=output_of(run))
    other = replace(line, chosen_params={"language": "fr"})
    assert [len(await bulk(bench, [line])) for _ in range(2)] == [1, 0]
    await succeed(bench, run)
    assert len(await bulk(bench, [line, other])) == 1
    assert await bulk(bench, [line, other]) == []


async def test_work_on_an_output_is_known_when_that_is_made_at_the_same_moment(bench: Bench) -> None:
    run = await bench.running()
    line = replace(BASE, kind="summarize", input=output_of(run))
    async with bench.database.transaction() as session:
        assert len(await submit_bulk(session, [line])) == 1
        making = asyncio.create_task(succeed(bench, run))
        await bench.blocked()
        again = asyncio.create_task(bulk(bench, [line]))
        await bench.blocked(2)
    await making
    assert await again == []


async def test_work_on_an_output_is_known_by_its_content_once_that_is_made(bench: Bench) -> None:
    """However it was named when it was asked for, and whatever it is named now."""
    first, second = await bench.running(), await bench.running()
    line = replace(BASE, kind="summarize", input=output_of(first))
    assert len(await bulk(bench, [line])) == 1
    for run in (first, second):
        await succeed(bench, run)
    same = [output_of(second), await upload(bench), {"text": WORDS}, {"text": "others"}]
    assert len(await bulk(bench, [replace(line, input=source) for source in same])) == 1
    assert len(await bulk(bench, [replace(line, kind="translate", input=source) for source in same[::-1]])) == 2


async def test_work_on_several_outputs_is_known_however_many_of_them_are_made(bench: Bench) -> None:
    runs = [await bench.running() for _ in range(3)]
    await succeed(bench, runs[0], "b" * 64)
    beside = [{"text": "before"}, {"url": "https://example.com/a.txt"}, await upload(bench, "c" * 64)]
    line = replace(BASE, kind="digest", input={"all": [*beside, *map(output_of, runs)]})
    assert len(await bulk(bench, [line])) == 1
    for run, sha256 in zip(runs[1:], (SHA256, "d" * 64), strict=True):
        assert await bulk(bench, [line]) == []
        await succeed(bench, run, sha256)
    assert await bulk(bench, [line]) == []
    same = [*beside, output_of(runs[0]), {"text": WORDS}, output_of(runs[2])]
    assert await bulk(bench, [replace(line, input={"all": same})]) == []
    assert len(await bulk(bench, [replace(line, input={"all": same[::-1]})])) == 1


async def test_many_lines_on_one_output_are_known_at_the_cost_of_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was held against all of them: a thousand of three thousand took half a minute, on the event loop."""
    run = await bench.running()
    asked = [{"language": "fr", "instructions": str(place)} for place in range(50)]
    lines = [replace(BASE, kind="summarize", input=output_of(run), chosen_params=params) for params in asked]
    assert len(await bulk(bench, lines)) == len(lines)
    await succeed(bench, run)
    taken = Mock(side_effect=digest_of)
    monkeypatch.setattr("playhead.ledger.known.digest_of", taken)
    assert await bulk(bench, lines) == []
    assert taken.call_count == 2 * len(lines)


async def test_more_inputs_than_a_statement_has_parameters(bench: Bench) -> None:
    for missing in ({"file": str(new_id())}, {"job": str(new_id()), "output": "a"}):
        sources = [{**missing, next(iter(missing)): str(new_id())} for _ in range(33_000)]
        wanted = [replace(BASE, input={"all": sources})]
        with pytest.raises(InvalidError, match="there is no"):
            await bulk(bench, wanted)
