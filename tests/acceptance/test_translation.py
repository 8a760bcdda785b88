"""Translation by a language model through HTTP and a real worker process.

The model is played by a server that speaks the protocol and answers what a good one would: the small one that the other
tests of language carry echoes what it should translate, or repeats what it was shown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.acceptance.conftest import Stack, stack
from tests.llm.faulty import Act, faulty, says
from tests.rewriting.parallel import ARTICLES

pytestmark = pytest.mark.heavy

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\nGood evening, my friend.\n\n"
    "2\n00:00:03,000 --> 00:00:04,200\n<i>Where is the station?</i>\n"
)
FRENCH = ["Bonsoir, mon ami.", "<i>Où est la gare ?</i>"]
RIGHT = ARTICLES[-1]
ANSWERS = [FRENCH, [RIGHT["en"]]]


def answering(texts: Sequence[str]) -> Act:
    passages = [{"number": number, "text": text} for number, text in enumerate(texts, start=1)]
    return says(json.dumps({"passages": passages}, ensure_ascii=False), usage=(412, 38))


def translated(made: Stack, text: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    file = made.upload(text.encode(), name)
    return made.ended(made.submit(file, kind="translate", params=params))


async def test_subtitles_and_a_text_are_translated() -> None:
    async with faulty(*map(answering, ANSWERS)) as server:
        await asyncio.to_thread(_translate_both, server.url)

    subtitles, text = (asked.body["messages"] for asked in server.asked)
    assert "into French" in subtitles[0]["content"]
    assert "[2] <i>Where is the station?</i>" in subtitles[1]["content"]
    assert "from Chinese into British English" in text[0]["content"]


def _translate_both(url: str) -> None:
    with stack(LLM__BASE_URL=url, LLM__MODEL="served") as made:
        french = translated(made, SRT, "evening.srt", {"language": "fr"})
        assert french["error"] is None
        assert (french["result"]["engine"], french["result"]["model"]) == ("llm", "served")
        assert (french["result"]["passages"], french["result"]["left"]) == (2, [])
        assert (french["input_tokens"], french["output_tokens"]) == (412, 38)
        expected = SRT.replace("Good evening, my friend.", FRENCH[0]).replace("<i>Where is the station?</i>", FRENCH[1])
        assert made.output(french, "translation.srt") == expected

        english = translated(made, RIGHT["zh"], "right.txt", {"language": "en-GB", "source": "zh"})
        assert english["error"] is None
        assert made.output(english, "translation.txt") == RIGHT["en"]
