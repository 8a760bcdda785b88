"""Servers that fail, lie or keep silent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn

import pytest

from playhead.errors import (
    AnswerInvalidError,
    InvalidError,
    ModelUnavailableError,
    PlayheadError,
    TooLongError,
    WriterUnavailableError,
)
from playhead.settings import LLMSettings
from tests.engines.writer.conftest import GOOD, VERDICT, Make, ask
from tests.llm.faulty import (
    Act,
    cuts,
    drips,
    faulty,
    floods,
    floods_a_line,
    hangs_up,
    keeps_silent,
    plainly,
    refuses,
    says,
    streams,
)
from worker.engines.writer.server import ServerWriter


@pytest.mark.parametrize(
    "fault",
    [
        refuses(503),
        refuses(500, "boom"),
        refuses(429, retry_after="0"),
        refuses(408),
        hangs_up,
        cuts,
        says(GOOD[:20], finish=None),
        says("", finish=None, usage=None, done=False),
        streams(b"{no json"),
        streams(b"[" * 100_000),
        streams({"error": {"message": "the GPU fell off", "code": 500}}),
        streams("a text", 5, [], {"choices": "none"}, {"choices": [None]}, {"choices": [{"delta": {"content": 7}}]}),
        plainly("{}", **{"content-type": "text/event-stream", "content-encoding": "gzip"}),
    ],
    ids=range(13),
)
async def test_what_may_pass_is_asked_again(make: Make, fault: Act) -> None:
    async with faulty(fault, fault, says(GOOD)) as server:
        written = await ask(make(server))

        assert written.answer == VERDICT
        assert len(server.asked) == 3


@pytest.mark.parametrize("fault", [refuses(503), cuts, hangs_up], ids=["503", "cut", "gone"])
async def test_what_does_not_pass_is_told_in_the_end(make: Make, fault: Act) -> None:
    async with faulty(fault) as server:
        with pytest.raises(WriterUnavailableError, match="server"):
            await ask(make(server, max_retries=2))

        assert len(server.asked) == 3


async def test_a_server_that_is_not_there_is_asked_again_later(make: Make) -> None:
    async with faulty(refuses(500)) as server:
        gone = server.url
    with pytest.raises(WriterUnavailableError, match="failed"):
        await ask(make(gone, max_retries=1))


async def test_a_silent_server_is_left(make: Make) -> None:
    async with faulty(keeps_silent, says(GOOD)) as server:
        assert (await ask(make(server, silence_seconds=0.3))).answer == VERDICT


async def test_a_server_that_only_drips_is_left(make: Make) -> None:
    async with faulty(drips) as server:
        with pytest.raises(WriterUnavailableError, match="TIMEOUT_SECONDS"):
            await ask(make(server, timeout_seconds=0.3, max_retries=0))


@pytest.mark.parametrize("flood", [floods, floods_a_line], ids=["lines", "a line"])
async def test_an_answer_without_end_is_left(make: Make, flood: Act) -> None:
    async with faulty(flood) as server:
        with pytest.raises(AnswerInvalidError, match="larger than 300000 bytes"):
            await ask(make(server, max_answer_bytes=300_000, max_answers=2))

        assert len(server.asked) == 2


async def test_retry_after_is_honoured(make: Make) -> None:
    waits = list[float]()
    # So far off that it does not matter how long it takes to ask.
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    acts = [
        refuses(429, retry_after="12"),
        refuses(503, retry_after=later),
        refuses(429, retry_after="soon"),
        says(GOOD),
    ]

    async with faulty(*acts) as server:
        writer = make(server, retry_cap_seconds=600)
        await _unhurried(writer, waits)
        await ask(writer)

    assert waits[0] == 12
    assert 300 < waits[1] <= 600
    assert waits[2] <= 0.004


async def test_a_date_that_cannot_be_is_no_answer(make: Make) -> None:
    impossible = "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
    async with faulty(refuses(429, retry_after=impossible), says(GOOD)) as server:
        assert (await ask(make(server))).answer == VERDICT


async def test_a_longer_wait_than_ours_is_the_jobs(make: Make) -> None:
    async with faulty(refuses(429, "slow down", retry_after="3600")) as server:
        with pytest.raises(WriterUnavailableError, match="slow down") as refused:
            await ask(make(server))

        assert refused.value.retry_after_seconds == 3600
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (refuses(401, "who?"), ModelUnavailableError, "PLAYHEAD_LLM__API_KEY"),
        (refuses(403, "not you"), ModelUnavailableError, "PLAYHEAD_LLM__API_KEY"),
        (refuses(404, "what?"), ModelUnavailableError, "PLAYHEAD_LLM__MODEL"),
        (refuses(307, location="http://elsewhere.invalid/"), ModelUnavailableError, "elsewhere.invalid"),
        (plainly("<html>", **{"content-type": "text/html"}), WriterUnavailableError, "text/html"),
        (refuses(400, {"error": {"code": "context_length_exceeded", "message": "no"}}), TooLongError, "context"),
        (refuses(400, {"error": {"type": "exceed_context_size_error", "message": "no"}}), TooLongError, "context"),
        (refuses(400, "This model's maximum context length is 8 tokens"), TooLongError, "8 tokens"),
        (refuses(413, "no"), TooLongError, "context"),
        (streams({"error": {"message": "the request exceeds the context size"}}), TooLongError, "context"),
        (says(GOOD[:20], finish="length"), TooLongError, "ANSWER_TOKENS"),
        (says("", finish="content_filter"), InvalidError, "content filter"),
    ],
    ids=range(12),
)
async def test_what_will_not_pass_is_told_at_once(make: Make, act: Act, error: type[PlayheadError], words: str) -> None:
    async with faulty(act) as server:
        with pytest.raises(error, match=words):
            await ask(make(server))

        assert len(server.asked) == 1


async def test_an_unknown_model_is_the_fault_of_the_job_that_named_it(make: Make) -> None:
    async with faulty(refuses(404, "no such model")) as server:
        with pytest.raises(InvalidError, match="no model 'nonesuch'") as refused:
            await ask(make(server), model="nonesuch")

    assert refused.value.field == "params.model"


@pytest.mark.parametrize(("changes", "setting"), [({"base_url": None}, "BASE_URL"), ({"model": None}, "MODEL")])
async def test_what_is_not_set_is_named(changes: dict[str, None], setting: str) -> None:
    settings = LLMSettings(base_url="http://127.0.0.1:9/v1", model="any").model_copy(update=changes)

    with pytest.raises(ModelUnavailableError, match=f"PLAYHEAD_LLM__{setting}"):
        await ask(ServerWriter(settings))


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9/v1", "ftp://127.0.0.1/", "http://[bad", "http://", "http://x:99999999/v1"]
)
async def test_an_address_that_is_none_is_named_and_not_asked_for_ever(make: Make, url: str) -> None:
    with pytest.raises(ModelUnavailableError, match="PLAYHEAD_LLM__BASE_URL"):
        await ask(make(url))


@pytest.mark.parametrize("key", ["a-secr\u00e9t", "a-se\0cret", "a-se\ncret"])
async def test_a_key_that_no_header_holds_is_refused_and_not_told(make: Make, key: str) -> None:
    async with faulty(says(GOOD)) as server:
        with pytest.raises(ModelUnavailableError, match="PLAYHEAD_LLM__API_KEY") as refused:
            await ask(make(server, api_key=key))

    assert "a-se" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_the_key_is_in_no_error_though_the_server_quotes_it(make: Make, status: int) -> None:
    async with faulty(refuses(status, f"{'?' * 400} refused: Authorization: Bearer sk-0123456789")) as server:
        with pytest.raises(PlayheadError) as refused:
            await ask(make(server, api_key="sk-0123456789", max_retries=0))

    assert "sk-" not in str(refused.value)
    assert len(str(refused.value)) < 1000


async def test_one_failed_start_does_not_spoil_the_next(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(says(GOOD)) as server:
        writer = make(server)
        with monkeypatch.context() as broken:
            broken.setattr("worker.engines.writer.door.make_client", _fail)
            with pytest.raises(OSError, match="too many open files"):
                await ask(writer)

        assert (await ask(writer)).answer == VERDICT


async def test_a_start_that_fails_while_closing_does_no_harm(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = make("http://127.0.0.1:9/v1")
    monkeypatch.setattr("worker.engines.writer.door.make_client", _fail)
    asking = asyncio.create_task(ask(writer))
    with pytest.raises(OSError, match="too many open files"):
        await asking

    await writer.close()


@pytest.mark.parametrize("usage", [(10**30, 5), (-3, 5)])
async def test_a_count_that_cannot_be_is_estimated(make: Make, usage: tuple[int, int]) -> None:
    async with faulty(says(GOOD, usage=usage)) as server:
        written = await ask(make(server))

    assert 0 < written.input_tokens < 1000


async def test_canceling_hangs_up_at_once(make: Make) -> None:
    async with faulty(keeps_silent) as server:
        asking = asyncio.create_task(ask(make(server)))
        await server.begun.wait()

        asking.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.gone.wait(), 30)


async def test_no_more_calls_than_allowed_are_in_flight(make: Make) -> None:
    async with faulty(says(GOOD)) as server:
        writer = make(server, concurrency=2)
        await asyncio.gather(*(ask(writer, str(number)) for number in range(8)))

        assert len(server.asked) == 8
        assert server.most_at_once <= 2


async def test_a_wait_takes_no_slot(make: Make) -> None:
    waits = list[float]()
    async with faulty(refuses(503), says(GOOD)) as server:
        writer = make(server, concurrency=1)
        await _unhurried(writer, waits, lambda: ask(writer, "another job's"))

        assert (await ask(writer)).answer == VERDICT
        assert len(server.asked) == 3


async def _unhurried(writer: ServerWriter, waits: list[float], meanwhile: object = None) -> None:
    """Have the writer note its waits instead of waiting."""
    door = await writer._opened()

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        if callable(meanwhile):
            await meanwhile()

    door._sleep = wait


def _fail(_: LLMSettings) -> NoReturn:
    message = "too many open files"
    raise OSError(message)
