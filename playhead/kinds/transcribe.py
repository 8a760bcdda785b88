"""The main job: a recording goes in, a transcript comes out."""

from __future__ import annotations

import asyncio

from pydantic import Field

from playhead.engines import SpeechOptions
from playhead.hearing import HearingParams, SpeakersParams, hear_speakers
from playhead.kind import Context, Kind
from playhead.subtitles import cues, srt, tsv, txt, vtt
from playhead.transcript import Transcript


class Params(SpeakersParams, HearingParams):
    """How a recording is to be transcribed. Every field may be left out."""

    word_timestamps: bool = Field(
        default=True, description="Time every word: needed for subtitles that keep time within a sentence."
    )

    @property
    def speech(self) -> SpeechOptions:
        """What the transcriber is asked for."""
        asked = self.model_dump(include=set(SpeechOptions.model_fields))
        return SpeechOptions(**asked | {"word_timestamps": self.word_timestamps or bool(self.speakers)})


async def transcribe(ctx: Context, params: Params) -> Transcript:
    """Transcribe the job's input; store the transcript as JSON, plain text, TSV and subtitles."""
    transcript = await hear_speakers(ctx, params.speech, params.speakers)
    await ctx.progress(1.0, stage="writing")
    await _save(ctx, transcript)
    return transcript


KIND = Kind(
    name="transcribe",
    queue="gpu",
    summary="Speech to text: transcript, subtitles, word times.",
    params=Params,
    result=Transcript,
    run=transcribe,
    accepts=frozenset({"media"}),
    makes=lambda _: {
        "transcript.json": "transcript",
        "transcript.txt": "text",
        "transcript.srt": "subtitles",
        "transcript.vtt": "subtitles",
        "transcript.tsv": "text",
    },
    cached_by=lambda params, settings: settings.speech.deciding(params.model),
)


async def _save(ctx: Context, transcript: Transcript) -> None:
    # Laying out the cues of a three-hour recording takes about a second: not on the event loop.
    for name, (content, media_type) in (await asyncio.to_thread(_files, transcript)).items():
        await ctx.save_output(name, content.encode(), media_type)


def _files(transcript: Transcript) -> dict[str, tuple[str, str]]:
    subtitles = cues(transcript.segments, duration_seconds=transcript.duration_seconds)
    return {
        "transcript.json": (transcript.model_dump_json(), "application/json"),
        "transcript.txt": (txt(transcript.segments), "text/plain"),
        "transcript.srt": (srt(subtitles), "application/x-subrip"),
        "transcript.vtt": (vtt(subtitles), "text/vtt"),
        "transcript.tsv": (tsv(transcript.segments), "text/tab-separated-values"),
    }
