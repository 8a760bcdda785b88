"""What a job must make, worked out without Playhead's workers from what was asked for."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chaos.contents import POISON, content
from chaos.diary import Asked
from chaos.kinds import MAKES, Params, digest_of
from chaos.stack import SEGMENTS
from playhead.engines import Engines
from playhead.identity import new_id
from playhead.kind import Given
from playhead.kinds import transcribe
from playhead.settings import Settings, StubSettings
from worker.engines.stubs import StubEngines


@dataclass(frozen=True, slots=True)
class File:
    """An output, by what it must be."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """All that a job makes.

    Attributes:
        result: ``sha256`` of its result, or the text of a transcript.
        items: how many things it tells its watchers of.
    """

    outputs: dict[str, File]
    result: str
    items: int = 0


class Expected:
    """What each job must make."""

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        """Args: ``asked``, all jobs by their keys: one may work on what another made."""
        self._asked = asked
        self._transcripts: dict[tuple[int, str], tuple[Made, dict[str, bytes]]] = {}

    async def of(self, asked: Asked) -> Made | None:
        """What it makes if it succeeds; None if it cannot."""
        if asked.kind == "transcribe":
            return (await self._transcript(asked))[0]
        if asked.kind not in MAKES:
            return None
        outputs = await self._outputs(asked)
        return Made(_files(outputs), digest_of(outputs), int(asked.params.get("steps", 0)))

    async def _outputs(self, asked: Asked) -> dict[str, bytes]:
        if asked.kind == "transcribe":
            return (await self._transcript(asked))[1]
        return MAKES[asked.kind](Params(**asked.params), await self._input(asked))

    async def _input(self, asked: Asked) -> str:
        if asked.takes:
            key, name = asked.takes
            return hashlib.sha256((await self._outputs(self._asked[key]))[name]).hexdigest()
        return _digest(asked.content or 0)

    async def _transcript(self, asked: Asked) -> tuple[Made, dict[str, bytes]]:
        place = (asked.content or 0, repr(sorted(asked.params.items())))
        if place not in self._transcripts:
            self._transcripts[place] = await _transcribe(place[0], asked.params)
        return self._transcripts[place]


async def _transcribe(number: int, params: dict[str, Any]) -> tuple[Made, dict[str, bytes]]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content(number))
        file.flush()
        ctx = _Undisturbed(Path(file.name))
        result = await transcribe.KIND.run(ctx, transcribe.Params(**params))
    return Made(_files(ctx.outputs), result.text, ctx.items), ctx.outputs


class _Undisturbed:
    """A run that nothing happens to; see :class:`playhead.kind.Context`."""

    def __init__(self, path: Path) -> None:
        settings = Settings(stub=StubSettings(segments=SEGMENTS, seconds_per_segment=0))
        self.engines: Engines = StubEngines(settings)
        self.outputs: dict[str, bytes] = {}
        self.items = 0
        self._path = path
        self.job_id = new_id()
        self.priority = 0

    async def given(self) -> Given:
        return Given(self._path, None, "application/octet-stream")

    async def input(self) -> Path:
        return self._path

    async def inputs(self) -> list[Path]:
        return [self._path]

    async def progress(self, *_: Any, **__: Any) -> None:
        pass

    async def emit(self, _: str, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        self.items += len(data) if isinstance(data, list) else 1

    async def checkpoint(self, _: dict[str, Any], *, events: Mapping[str, list[dict[str, Any]]] | None = None) -> None:
        self.items += sum(len(items) for items in (events or {}).values())

    async def stored(self) -> None:
        pass

    async def restore(self) -> dict[str, Any] | None:
        return None

    async def told(self, _: str) -> AsyncIterator[dict[str, Any]]:
        for nothing in list[dict[str, Any]]():
            yield nothing

    async def save_output(self, name: str, content: bytes | Path, _: str) -> None:
        self.outputs[name] = content if isinstance(content, bytes) else await asyncio.to_thread(content.read_bytes)

    def account(self, **_: float) -> None:
        pass


def _files(outputs: dict[str, bytes]) -> dict[str, File]:
    return {name: File(hashlib.sha256(made).hexdigest(), len(made)) for name, made in outputs.items()}


@cache
def _digest(number: int) -> str:
    assert number < POISON  # noqa: S101 - poison makes nothing
    return hashlib.sha256(content(number)).hexdigest()
