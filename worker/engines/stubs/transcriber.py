"""A transcriber without a model: what tests, load runs and a first look at the house need."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import MediaUnreadableError
from playhead.settings import StubSettings
from playhead.transcript import Segment, Word
from worker.engines.fitness import english_only, require_fitting

SEGMENT_SECONDS = 5.0
WORDS = (
    *("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor"),
    *("inlet", "juniper", "kelp", "lagoon", "meadow", "north", "orchard", "pine"),
)


class StubTranscriber:
    """A :class:`~playhead.engines.Transcriber` whose words follow from the bytes of the recording alone."""

    def __init__(self, pace: StubSettings, model: str) -> None:
        self._pace = pace
        self._model = model

    async def transcribe(
        self,
        recording: Path,
        options: SpeechOptions,
        *,
        resume: SpeechInfo | None = None,
        from_seconds: float = 0.0,
        first_id: int = 0,
        priority: int = 0,
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        """As :meth:`playhead.engines.Transcriber.transcribe`; every segment lasts five seconds."""
        del priority  # Nobody waits for another.
        model = options.model or self._model
        require_fitting(options, model, multilingual=not english_only(model))
        digest = await asyncio.to_thread(digest_of, recording)
        yield resume or self._info(options, model)
        first = round(from_seconds / SEGMENT_SECONDS)
        for number, place in enumerate(range(first, self._pace.segments), start=first_id):
            await asyncio.sleep(self._pace.seconds_per_segment)
            segment = _segment(number, place, digest, with_words=options.word_timestamps)
            yield SpeechStep(
                segments=[segment], done_seconds=segment.end, device_seconds=self._pace.seconds_per_segment
            )

    def _info(self, options: SpeechOptions, model: str) -> SpeechInfo:
        return SpeechInfo(
            language=options.language or "en",
            language_probability=1.0,
            duration_seconds=self._pace.segments * SEGMENT_SECONDS,
            model=f"stub:{model}",
        )


def digest_of(recording: Path) -> bytes:
    """What stubs make their answers of. Raises :class:`MediaUnreadableError` for an empty file."""
    with recording.open("rb") as file:
        if not file.read(1):
            message = "The file is empty."
            raise MediaUnreadableError(message)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").digest()


def _segment(number: int, place: int, digest: bytes, *, with_words: bool) -> Segment:
    texts = _sentence(digest, place)
    start = place * SEGMENT_SECONDS
    step = SEGMENT_SECONDS / len(texts)
    words = [
        Word(start=start + i * step, end=start + (i + 1) * step, text=text, probability=1.0)
        for i, text in enumerate(texts)
    ]
    return Segment(
        id=number,
        start=start,
        end=start + SEGMENT_SECONDS,
        text=" ".join(texts),
        avg_logprob=-0.1,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
        words=words if with_words else None,
    )


def _sentence(digest: bytes, place: int) -> list[str]:
    seed = hashlib.sha256(digest + place.to_bytes(8, "big")).digest()
    texts = [WORDS[byte % len(WORDS)] for byte in seed[:8]]
    return [texts[0].capitalize(), *texts[1:-1], f"{texts[-1]}."]
