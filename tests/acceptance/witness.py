"""Stub engines that write down what they gave, and may give only so much: in a worker process of the test's."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playhead.engines import SpeechStep
from worker.engines.stubs.transcriber import StubTranscriber
from worker.engines.stubs.writer import StubWriter

CODE = """
from pathlib import Path
from cli.main import main
from tests.acceptance.witness import Witness

Witness(Path({seen!r}), {gives!r}).watch()
main()
"""


def code(seen: Path, gives: int | None = None) -> str:
    """The program of a worker whose engines give so many segments or answers; whoever wants more waits for ever."""
    return CODE.format(seen=str(seen), gives=gives)


def given(seen: Path) -> Counter[str]:
    """How often each segment and each answer was given."""
    return Counter(seen.read_text().splitlines())


@dataclass
class Witness:
    """What the engines of this process have given, in a file that outlives it."""

    seen: Path
    left: int | None

    def watch(self) -> None:
        """Stand between the stub engines and whoever asks them."""
        transcribe, write = StubTranscriber.transcribe, StubWriter.write

        async def transcribing(*asked: Any, **about: Any) -> AsyncIterator[Any]:
            async with aclosing(transcribe(*asked, **about)) as steps:
                async for step in steps:
                    if isinstance(step, SpeechStep):
                        await self._give([segment.text for segment in step.segments])
                    yield step

        async def writing(engine: StubWriter, instructions: str, text: str, *asked: Any, **about: Any) -> Any:
            await self._give([instructions, text])
            return await write(engine, instructions, text, *asked, **about)

        StubTranscriber.transcribe = transcribing  # type: ignore[method-assign,assignment] # that is the point
        StubWriter.write = writing  # type: ignore[method-assign,assignment]

    async def _give(self, what: list[str]) -> None:
        if self.left is not None:
            if not self.left:
                await asyncio.Event().wait()
            self.left -= 1
        with self.seen.open("a") as file:
            file.write(json.dumps(what) + "\n")
