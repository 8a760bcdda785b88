"""Numbered passages through the real door, to a real small model behind a real server: form, not truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.models import CONTEXT_TOKENS
from playhead.engines import Engines
from playhead.errors import AnswerInvalidError
from playhead.kinds import translate
from playhead.settings import LLMSettings, Settings
from playhead.subtitles.blocks import split
from tests.kinds.memory import Memory
from worker.engines import make_engines

pytestmark = [pytest.mark.models, pytest.mark.heavy]

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\nit was a dark night\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\nand mary ann Dashwood was tired\n\n"
    "3\n00:00:05,000 --> 00:00:06,000\nshe went to bed\n"
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engines(llm_server: str) -> AsyncIterator[Engines]:
    llm = LLMSettings(base_url=llm_server, model="smollm2", context_tokens=CONTEXT_TOKENS, answer_tokens=400)
    made = make_engines(Settings(engines="real", llm=llm))
    yield made
    await made.close()


@pytest.fixture
def ctx(engines: Engines, tmp_path: Path) -> Memory:
    (tmp_path / "input").write_text(SRT)
    return Memory(engines, [tmp_path / "input"])


async def test_what_a_small_model_says_is_believed_or_left(ctx: Memory) -> None:
    """With so small a model it may be that nothing can be believed: then the job fails, and makes no file."""
    try:
        result = await translate.translate(ctx, translate.Params(language="fr"))
    except AnswerInvalidError:
        assert not ctx.outputs
    else:
        after = split(ctx.outputs["translation.srt"][0].decode())
        assert after.frames == split(SRT).frames
        assert (result.engine, result.model, result.passages) == ("llm", "smollm2", 3)
    assert ctx.input_tokens > 0 < ctx.output_tokens
