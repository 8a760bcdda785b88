"""What every writer must do: the stub, and the real one with a real small model behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from pydantic import BaseModel, ConfigDict, Field

from demo.models import CONTEXT_TOKENS
from playhead.engines import Engines, Writer, WritingOptions
from playhead.errors import TooLongError
from playhead.settings import LLMSettings, Settings
from worker.engines import make_engines

TEXT = "[3] It will rain in Paris on Monday.\n[4] On Tuesday the sun comes back.\n[5] Nobody is glad of the wind."


class Remark(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=3, le=5)
    mood: Literal["glad", "sad"]
    text: str = Field(min_length=1, max_length=60)


class Weather(BaseModel):
    """Nested, bounded and optional: what kinds ask for."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3, max_length=40)
    rain: bool
    wind: float | None
    remarks: list[Remark] = Field(min_length=1, max_length=2)
    places: list[str] = Field(max_length=2)


class Verdict(BaseModel):
    """The shortest answer."""

    clear: bool


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served_writer(llm_server: str) -> AsyncIterator[Engines]:
    llm = LLMSettings(base_url=llm_server, model="smollm2", context_tokens=CONTEXT_TOKENS, answer_tokens=400)
    engines = make_engines(Settings(engines="real", llm=llm))
    yield engines
    await engines.close()


@pytest.fixture(params=["stub_engines", pytest.param("served_writer", marks=pytest.mark.models)])
def writer(request: pytest.FixtureRequest) -> Writer:
    engines: Engines = request.getfixturevalue(request.param)
    return engines.writer


async def test_an_answer_has_the_form_asked_for(writer: Writer) -> None:
    written = await writer.write("Say what the weather is.", TEXT, Weather, WritingOptions())

    assert Weather.model_validate_json(written.answer.model_dump_json()) == written.answer
    assert written.model in {"stub:writer", "smollm2"}
    assert written.input_tokens > 10
    assert written.output_tokens > 10


async def test_tells_what_comes_and_what_it_takes(writer: Writer) -> None:
    characters, tokens = list[int](), list[tuple[int, int]]()

    def spent(*, input_tokens: int, output_tokens: int) -> None:
        tokens.append((input_tokens, output_tokens))

    written = await writer.write(
        "Judge the weather.", TEXT, Remark, WritingOptions(), on_text=characters.append, on_tokens=spent
    )

    assert characters == sorted(characters)
    assert characters[-1] >= len(written.answer.text)
    assert [sum(one) for one in zip(*tokens, strict=True)] == [written.input_tokens, written.output_tokens]


async def test_the_same_question_gets_the_same_answer(writer: Writer) -> None:
    both = [await writer.write("Judge the weather.", TEXT, Remark, WritingOptions()) for _ in range(2)]

    assert both[0].answer == both[1].answer


async def test_a_text_that_does_not_fit_is_refused(writer: Writer) -> None:
    text = "The wind turns. " * writer.context_tokens

    with pytest.raises(TooLongError, match="split the text"):
        await writer.write("Say what the weather is.", text, Weather, WritingOptions())


async def test_no_text_takes_more_tokens_than_were_counted(writer: Writer) -> None:
    texts = [
        TEXT,
        TEXT.upper(),
        "1234567890 " * 6,
        "{\"a\": [1, 2], 'b': '!?'}\n\n" * 3,
        "Œuvre déjà élevée à Noël. " * 3,
    ]
    for text in texts:
        written = await writer.write("Judge.", text, Verdict, WritingOptions())
        assert written.input_tokens <= writer.count_tokens("Judge.") + writer.count_tokens(text) + 32
