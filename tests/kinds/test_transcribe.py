from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from playhead.engines import Engines, SpeechInfo, SpeechOptions, SpeechStep
from playhead.kinds import transcribe
from playhead.kinds.transcribe import KIND, Params
from playhead.registry import kinds
from playhead.settings import Settings, StubSettings
from playhead.transcript import Transcript
from worker.engines import make_engines


@dataclass
class Memory:
    """A :class:`playhead.kind.Context` that remembers what it is told."""

    engines: Engines
    recording: Path
    state: dict[str, Any] | None = None
    stages: list[str | None] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    etas: list[float | None] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)
    outputs: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    device_seconds: float = 0.0
    audio_seconds: float = 0.0
    on_event: Callable[[], None] = lambda: None

    async def input(self) -> Path:
        return self.recording

    async def progress(self, fraction: float, *, stage: str | None = None, eta_seconds: float | None = None) -> None:
        self.fractions.append(fraction)
        self.stages.append(stage)
        self.etas.append(eta_seconds)

    async def emit(self, event: str, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        self.events.extend((event, one) for one in (data if isinstance(data, list) else [data]))
        self.on_event()

    async def checkpoint(self, state: dict[str, Any]) -> None:
        self.state = json.loads(json.dumps(state))

    async def restore(self) -> dict[str, Any] | None:
        return self.state

    async def save_output(self, name: str, content: bytes | Path, media_type: str) -> None:
        assert isinstance(content, bytes)
        self.outputs[name] = (content, media_type)

    def account(self, *, device_seconds: float = 0.0, audio_seconds: float = 0.0) -> None:
        self.device_seconds += device_seconds
        self.audio_seconds += audio_seconds


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    recording = tmp_path / "input"
    recording.write_bytes(b"any sound")
    settings = Settings(engines="stub", data_dir=tmp_path, stub=StubSettings(segments=4))
    return Memory(make_engines(settings), recording)


async def test_gives_the_transcript_and_stores_every_form_of_it(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    stored, media_type = ctx.outputs["transcript.json"]
    assert Transcript.model_validate_json(stored) == result
    assert media_type == "application/json"
    assert result.text == " ".join(segment.text for segment in result.segments)
    assert len(result.segments) == 4
    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "transcript.json": "application/json",
        "transcript.txt": "text/plain",
        "transcript.srt": "application/x-subrip",
        "transcript.vtt": "text/vtt",
        "transcript.tsv": "text/tab-separated-values",
    }
    assert ctx.outputs["transcript.srt"][0].startswith(b"1\n00:00:00,000 --> ")


async def test_tells_how_far_it_is(ctx: Memory) -> None:
    await transcribe.transcribe(ctx, Params())

    assert [stage for stage, before in zip(ctx.stages, [None, *ctx.stages], strict=False) if stage != before] == [
        "fetching",
        "loading",
        "transcribing",
        "writing",
    ]
    assert ctx.fractions == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert ctx.etas[-2] == 0.0


async def test_tells_watchers_of_each_segment_once(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    assert ctx.events == [("segment", segment.model_dump(mode="json")) for segment in result.segments]


async def test_accounts_for_the_recording(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    assert ctx.audio_seconds == pytest.approx(result.duration_seconds)


async def test_a_later_attempt_goes_on_from_the_checkpoint(ctx: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await transcribe.transcribe(ctx, Params())
    monkeypatch.setattr(transcribe, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(transcribe, "CHECKPOINT_SHARE", 0.0)
    broken = Memory(ctx.engines, ctx.recording)

    def die_after_two() -> None:
        if len(broken.events) == 3:
            raise ConnectionError

    broken.on_event = die_after_two
    with pytest.raises(ConnectionError):
        await transcribe.transcribe(broken, Params())
    again = Memory(ctx.engines, ctx.recording, state=broken.state)

    assert await transcribe.transcribe(again, Params()) == whole
    assert [one["id"] for _, one in again.events] == [2, 3]
    assert again.audio_seconds == pytest.approx(whole.duration_seconds / 2)


async def test_a_checkpoint_of_another_form_is_left_alone(ctx: Memory) -> None:
    ctx.state = {"from": "another version"}

    assert len((await transcribe.transcribe(ctx, Params())).segments) == 4


async def test_canceling_closes_the_engine(ctx: Memory) -> None:
    engines = _Endless()
    job = asyncio.create_task(transcribe.transcribe(Memory(engines, ctx.recording), Params()))
    await engines.transcriber.begun.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert engines.transcriber.closed


@pytest.mark.parametrize(
    "params", [{"language": "xx"}, {"temperature": 2}, {"task": "sing"}, {"speed": 2}, {"prompt": "a" * 5000}]
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["transcribe"] is KIND


class _EndlessTranscriber:
    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.closed = False

    async def transcribe(
        self,
        recording: Path,
        options: SpeechOptions,
        *,
        resume: SpeechInfo | None = None,
        from_seconds: float = 0.0,
        first_id: int = 0,
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        del recording, options, resume, from_seconds, first_id
        try:
            yield SpeechInfo(language="en", language_probability=1, duration_seconds=1, model="endless")
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


class _Endless:
    device = "none"

    def __init__(self) -> None:
        self.transcriber = _EndlessTranscriber()

    async def close(self) -> None:
        """There is nothing to end."""
