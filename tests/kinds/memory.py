from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from playhead.engines import Engines
from playhead.identity import new_id
from playhead.kind import Given


@dataclass
class Memory:
    """A :class:`playhead.kind.Context` that remembers what it is told.

    ``history`` is what earlier attempts told; an attempt ``dies_after`` this many checkpoints.
    """

    engines: Engines
    files: list[Path]
    state: dict[str, Any] | None = None
    stages: list[str | None] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    etas: list[float | None] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)
    outputs: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    device_seconds: float = 0.0
    audio_seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    history: list[tuple[str, Any]] = field(default_factory=list)
    dies_after: int | None = None
    name: str | None = None
    media_type: str = "text/plain"
    job_id: UUID = field(default_factory=new_id)
    priority: int = 0

    def next_attempt(self, dies_after: int | None = None) -> Memory:
        told = [*self.history, *self.events]
        anew = Memory(self.engines, self.files, name=self.name, media_type=self.media_type, job_id=self.job_id)
        return replace(anew, state=self.state, history=told, dies_after=dies_after)

    async def input(self) -> Path:
        (only,) = self.files
        return only

    async def given(self) -> Given:
        return Given(await self.input(), self.name, self.media_type)

    async def inputs(self) -> list[Path]:
        return self.files

    async def progress(self, fraction: float, *, stage: str | None = None, eta_seconds: float | None = None) -> None:
        self.fractions.append(fraction)
        self.stages.append(stage)
        self.etas.append(eta_seconds)

    async def emit(self, event: str, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        self.events.extend((event, one) for one in (data if isinstance(data, list) else [data]))

    async def checkpoint(
        self, state: dict[str, Any], *, events: Mapping[str, list[dict[str, Any]]] | None = None
    ) -> None:
        if self.dies_after == 0:
            raise ConnectionError
        self.dies_after = None if self.dies_after is None else self.dies_after - 1
        self.state = json.loads(json.dumps(state))
        for event, items in (events or {}).items():
            await self.emit(event, json.loads(json.dumps(items)))

    async def stored(self) -> None:
        """It is at once."""

    async def restore(self) -> dict[str, Any] | None:
        return self.state

    async def told(self, event: str) -> AsyncIterator[dict[str, Any]]:
        for name, data in self.history:
            if name == event:
                yield data

    async def save_output(self, name: str, content: bytes | Path, media_type: str) -> None:
        made = content if isinstance(content, bytes) else await asyncio.to_thread(content.read_bytes)
        self.outputs[name] = (made, media_type)

    def account(
        self,
        *,
        device_seconds: float = 0.0,
        audio_seconds: float = 0.0,
        input_tokens: int = 0,
        output_tokens: int = 0,
    ) -> None:
        self.device_seconds += device_seconds
        self.audio_seconds += audio_seconds
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
