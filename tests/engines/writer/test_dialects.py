"""Servers that know less of the protocol than others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from playhead.engines import WritingOptions
from playhead.errors import InvalidError
from tests.engines.writer.conftest import GOOD, VERDICT, Make, Verdict, ask
from tests.llm.faulty import Answering, Faulty, faulty, refuses, says
from worker.engines.writer.dialect import Dialect, Dialects


def _refusing(server: Faulty, refusals: dict[str, str]) -> None:
    """Refuse each request that holds one of these words, saying so; answer the others."""

    async def act(answering: Answering) -> None:
        asked = json.dumps({**server.asked[-1].body, "messages": None})
        said = [said for word, said in refusals.items() if word in asked]
        await (refuses(400, said[0]) if said else says(GOOD))(answering)

    server.acts[:] = [act]


def _format(body: dict[str, Any]) -> str:
    return str(body.get("response_format", {}).get("type"))


async def test_the_schema_is_asked_for_where_the_server_has_it(make: Make) -> None:
    async with faulty(says(GOOD)) as server:
        await ask(make(server))

    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "Verdict",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {
                    "clear": {"type": "boolean"},
                    "reasons": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                },
                "required": ["clear", "reasons"],
                "additionalProperties": False,
            },
        },
    }
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
    assert "JSON Schema" not in asked.body["messages"][0]["content"]
    assert asked.body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("refusals", "tries", "form", "in_words"),
    [
        ({"maxItems": "schema: maxItems is not permitted"}, 2, "json_schema", False),
        ({"json_schema": "response_format: unknown type json_schema"}, 3, "json_object", True),
        ({"response_format": "extra fields not permitted"}, 4, "None", True),
        ({"temperature": "'temperature' does not support 0"}, 2, "json_schema", False),
        ({"max_tokens": "use 'max_completion_tokens' instead of max_tokens"}, 2, "json_schema", False),
        ({"max_": "max_tokens is not known"}, 3, "json_schema", False),
        ({"stream_options": "unknown field stream_options"}, 2, "json_schema", False),
        ({"temperature": "bad request", "stream_options": "bad request"}, 5, "None", True),
    ],
    ids=range(8),
)
async def test_what_a_server_refuses_is_left_out_and_remembered(
    make: Make, refusals: dict[str, str], tries: int, form: str, *, in_words: bool
) -> None:
    async with faulty(says(GOOD)) as server:
        _refusing(server, refusals)
        writer = make(server)

        assert (await ask(writer)).answer == VERDICT
        assert len(server.asked) == tries
        assert _format(server.asked[-1].body) == form
        assert ("JSON Schema" in server.asked[-1].body["messages"][0]["content"]) is in_words
        await ask(writer)
        assert len(server.asked) == tries + 1


async def test_a_request_refused_in_every_dialect_is_told_and_teaches_nothing(make: Make) -> None:
    async with faulty(refuses(400, "we do not talk about this")) as server:
        writer = make(server)
        with pytest.raises(InvalidError, match="do not talk"):
            await ask(writer)
        server.acts[:] = [says(GOOD)]
        await ask(writer)

    assert _format(server.asked[-1].body) == "json_schema"


async def test_a_schema_that_is_too_much_says_nothing_of_others(make: Make) -> None:
    class Other(BaseModel):
        clear: bool
        reasons: list[str] = Field(max_length=9)

    async with faulty(says(GOOD)) as server:
        _refusing(server, {'"Other"': "the grammar of this schema is too large"})
        writer = make(server)
        await writer.write("Judge.", "It is fine.", Other, WritingOptions())
        await writer.write("Judge.", "It is fine.", Verdict, WritingOptions())

    assert [_format(asked.body) for asked in server.asked] == ["json_schema"] * 2 + ["json_object", "json_schema"]


def test_what_was_understood_is_tried_anew_after_an_hour_however_busy_the_server() -> None:
    now = [0.0]
    dialects, lesser = Dialects(lambda: now[0]), Dialect(form="prompt")
    dialects.keep("m", "F", lesser)
    for now[0] in (1800.0, 3599.0):
        assert dialects.of("m", "F") == lesser
        dialects.keep("m", "F", lesser)
    now[0] = 3600.0
    assert dialects.of("m", "F") == Dialect()

    dialects.keep("m", "F", lesser)
    assert dialects.of("m", "F") == lesser


@pytest.mark.parametrize(
    ("key", "sent"), [("secret", "Bearer secret"), (" secret\n", "Bearer secret"), ("", None), (None, None)]
)
async def test_the_key_is_sent_where_there_is_one(make: Make, key: str | None, sent: str | None) -> None:
    async with faulty(says(GOOD)) as server:
        await ask(make(server, api_key=key))

    assert server.asked[0].headers.get("authorization") == sent
