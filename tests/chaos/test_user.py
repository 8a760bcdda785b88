"""What the user notes of what he did: all that the checker knows of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chaos import user
from chaos.apis import Apis
from chaos.diary import WISHES, Diary
from chaos.user import User
from tests.chaos.forged import JOB, asked, diary


class Scripted(Apis):
    """Answers what the script says: a status, and whether it comes at the first try."""

    def __init__(self, *script: tuple[int, bool]) -> None:
        self._script = iter(script)

    async def call(self, method: str, path: str, **_: Any) -> tuple[httpx.Response, bool]:
        status, sure = next(self._script)
        request = httpx.Request(method, f"http://api{path}")
        return httpx.Response(status, json={"state": "succeeded"}, request=request), sure


async def acted(wish: str, *script: tuple[int, bool], seen: Diary | None = None) -> Diary:
    seen = seen or diary()
    acting = User(Scripted(*script), seen, [asked()], seed=1)
    for _ in script:
        await acting._act(wish, JOB)
    return seen


@pytest.mark.parametrize("wish", WISHES)
async def test_what_was_confirmed_is_noted(wish: str) -> None:
    seen = await acted(wish, (200, True))
    assert (seen.confirmed, set(seen.wished[wish])) == ({(wish, JOB): 1}, {JOB})


@pytest.mark.parametrize("wish", WISHES)
async def test_what_was_refused_for_certain_was_not_done(wish: str) -> None:
    seen = await acted(wish, (409, True))
    assert (seen.confirmed, set(seen.wished[wish]), seen.surprises) == ({}, set(), [])


@pytest.mark.parametrize("wish", WISHES)
async def test_what_was_refused_after_no_answer_may_have_been_done(wish: str) -> None:
    assert JOB in (await acted(wish, (409, False))).wished[wish]


@pytest.mark.parametrize("wish", WISHES)
async def test_what_was_done_once_is_not_undone_by_a_refusal(wish: str) -> None:
    assert JOB in (await acted(wish, (200, True), (409, True))).wished[wish]


@pytest.mark.parametrize("wish", WISHES)
async def test_what_another_wished_meanwhile_is_not_undone_by_a_refusal(wish: str) -> None:
    """Who acts on the job's batch at the same time is why this one is refused."""
    seen = diary()

    class Meanwhile(Scripted):
        async def call(self, method: str, path: str, **more: Any) -> tuple[httpx.Response, bool]:
            seen.wish(wish, JOB)
            return await super().call(method, path, **more)

    await User(Meanwhile((409, True)), seen, [asked()], seed=1)._act(wish, JOB)
    assert JOB in seen.wished[wish]


@pytest.mark.parametrize("wish", [*WISHES, "read"])
async def test_a_job_that_is_missing_though_nobody_deleted_it_is_a_surprise(wish: str) -> None:
    assert len((await acted(wish, (404, True))).surprises) == 1


@pytest.mark.parametrize("wish", [*WISHES, "read"])
async def test_a_job_that_may_be_deleted_may_be_missing(wish: str) -> None:
    seen = await acted("delete", (404, False))
    assert (await acted(wish, (404, True), seen=seen)).surprises == []


async def paused(resumed: list[bool]) -> int:
    """How many pauses the checker can rely on, after resumes that were answered at once, or not."""
    script = [one for sure in resumed for one in ((200, False), (200, sure))]
    seen = diary()
    acting = User(Scripted(*script), seen, [], seed=1)
    for _ in resumed:
        await acting._pause("cpu", 0.0)
    return len(seen.pauses)


async def test_a_pause_after_a_resume_without_an_answer_is_in_doubt() -> None:
    assert await paused([True, False, True, True]) == 2


async def test_doubt_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user, "DOUBT_SECONDS", 0.0)
    assert await paused([True, False, True, True]) == 4
