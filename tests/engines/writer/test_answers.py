"""What models write when they are asked for JSON."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.engines import WritingOptions
from playhead.errors import AnswerInvalidError
from tests.engines.writer.conftest import GOOD, VERDICT, Make, Verdict, ask
from tests.llm.faulty import cuts, faulty, says
from worker.engines.writer.answers import UnfitError, repaired, whole
from worker.engines.writer.room import count_tokens

_OPTIONS = WritingOptions()


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Sure! Here is the JSON you asked for:\n\n{GOOD}\n\nLet me know if I can help.",
        f"<think>The user wants {{JSON}}.</think>{GOOD}",
        '{"clear": true, "reasons": ["the sun",]}',
        "{'clear': True, 'reasons': ['the sun']}",
        '{clear: true, reasons: ["the sun"]',
        '{"clear": true, "reasons": ["the sun"',
        '{"clear": true, "reasons": ["the \\u0000sun\x00"]}',
    ],
    ids=range(9),
)
async def test_a_faulty_answer_is_repaired(make: Make, text: str) -> None:
    async with faulty(says(text)) as server:
        assert (await ask(make(server))).answer == VERDICT
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("I would rather not.", "it is no JSON object"),
        ("[true]", "it is no JSON object"),
        ("", "it is no JSON object"),
        ('{"reasons": []}', "clear: Field required"),
        ('{"clear": "perhaps", "reasons": []}', "clear: Input should be a valid boolean"),
        ('{"clear": true, "reasons": ["a", "b", "c", "d"]}', "reasons: List should have at most 3 items"),
        ('{"clear": true, "mood": "sad"}', "mood: Extra inputs are not permitted"),
        ('{"clear": true, "reasons": ["\\ud800"]}', "lone surrogate"),
    ],
    ids=range(8),
)
async def test_an_answer_of_another_form_is_asked_for_again_with_what_was_wrong(
    make: Make, text: str, complaint: str
) -> None:
    async with faulty(says(text), says(GOOD)) as server:
        assert (await ask(make(server))).answer == VERDICT
        first, second = (asked.body for asked in server.asked)
        assert complaint in second["messages"][0]["content"]
        assert second["temperature"] > first["temperature"]


async def test_after_some_answers_of_another_form_it_gives_up(make: Make) -> None:
    async with faulty(says("No.")) as server:
        with pytest.raises(AnswerInvalidError, match=r"asked 3 times.*no JSON object"):
            await ask(make(server))

        assert len(server.asked) == 3


async def test_tokens_of_every_call_count(make: Make) -> None:
    told = list[tuple[int, int]]()

    async with faulty(says("No.", usage=(100, 10)), cuts, says(GOOD, usage=(200, 20))) as server:
        written = await make(server).write(
            "Judge.", "It is fine.", Verdict, _OPTIONS, on_tokens=lambda **spent: told.append((*spent.values(),))
        )

    assert told[0] == (100, 10)
    assert told[1] == (
        count_tokens(server.asked[1].body["messages"][0]["content"]) + count_tokens("It is fine."),
        count_tokens('{"cle'),
    )
    assert told[2] == (200, 20)
    assert (written.input_tokens, written.output_tokens) == tuple(map(sum, zip(*told, strict=True)))


async def test_tokens_are_estimated_where_the_server_counts_none(make: Make) -> None:
    async with faulty(says(GOOD, usage=None)) as server:
        written = await ask(make(server))

    said = [message["content"] for message in server.asked[0].body["messages"]]
    assert written.input_tokens == sum(map(count_tokens, said))
    assert written.output_tokens == count_tokens(GOOD)


async def test_the_length_of_what_comes_is_told(make: Make) -> None:
    told = list[int]()

    async with faulty(says(GOOD)) as server:
        await make(server).write("Judge.", "It is fine.", Verdict, _OPTIONS, on_text=told.append)

    assert told[0] == 10
    assert told[-1] == len(GOOD)


@pytest.mark.parametrize(
    "text",
    ["{" * 200_000, "{" + "[" * 200_000, '{"a":' * 100_000, "{" * 600_000, "{" + '"' * 3000, '{"a": [' * 45],
    ids=range(6),
)
def test_an_answer_made_to_break_the_repair_is_unfit(text: str) -> None:
    with pytest.raises(UnfitError):
        repaired(text, Verdict)


@settings(max_examples=60)
@given(st.one_of(st.text(), st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps)))
def test_no_answer_breaks_the_repair(text: str) -> None:
    for said in (text, "{" + text, '{"clear": ' + text, text + GOOD):
        with contextlib.suppress(UnfitError):
            assert isinstance(whole(said, Verdict) or repaired(said, Verdict), Verdict)
