"""Text to speech."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from playhead.documents import Document, read_document
from playhead.engines.conversion import Conversion, ConversionOptions
from playhead.engines.synthesis import SpeakingEngine, SpeakingOptions, Spoken, Voice
from playhead.kind import Context, Kind
from playhead.languages import UNDETERMINED, Language, join_segments

SpeechFormat = Literal["wav", "mp3", "opus"]
MEDIA_TYPES: dict[SpeechFormat, str] = {"wav": "audio/wav", "mp3": "audio/mpeg", "opus": "audio/ogg"}
# One voice needs less than music does.
_KBPS = {"mp3": 64, "opus": 32}
# To encode speech is quick beside speaking it.
_SPEAKING_SHARE = 0.9


class Params(BaseModel):
    """How a text is to be spoken. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    format: SpeechFormat = Field("mp3", description="Format of the speech.")
    language: Language | None = Field(
        None,
        description="Language of the text, as an ISO 639-1 code; left out, that of the transcript, else English.",
        examples=["en"],
    )
    engine: SpeakingEngine | None = Field(
        None, description="Who speaks: espeak-ng, Piper, or a server; left out, as this server is set up."
    )
    voice: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="A voice of the engine, e.g. `en-us` or `en-us+f3` (espeak-ng), `en_US-joe-medium` (Piper), "
        "`alloy` (a server); left out, the usual one for the language.",
    )
    speed: float = Field(1.0, ge=0.5, le=2, description="2 is twice as fast as the voice's own pace.")


class Result(BaseModel):
    """The speech that was made."""

    format: SpeechFormat
    duration_seconds: float
    characters: int = Field(description="Length of the text.")
    engine: str
    voice: str
    language: str
    sample_rate: int = Field(description="Of the voice, in hertz; Opus always says 48,000 of itself.")


async def speak(ctx: Context, params: Params) -> Result:
    """Speak the job's input; store it as ``speech.<format>``.

    Nothing is kept for a later attempt: one that was interrupted begins anew.
    """
    await ctx.progress(0.0, stage="fetching")
    path = await ctx.input()
    text, language = await asyncio.to_thread(_text, path, params)
    wav = path.with_name("speech.wav")
    voice, spoken = await _spoken(ctx, text, _options(params, language), wav)
    ctx.account(audio_seconds=spoken.seconds)
    target = wav if params.format == "wav" else await _encoded(ctx, wav, params.format)
    await ctx.progress(1.0, stage="writing")
    await ctx.save_output(target.name, target, MEDIA_TYPES[params.format])
    return Result(
        format=params.format,
        duration_seconds=spoken.seconds,
        characters=len(text),
        engine=voice.engine,
        voice=voice.name,
        language=voice.language,
        sample_rate=spoken.sample_rate,
    )


KIND = Kind(
    name="speak",
    queue="cpu",
    summary="Text to speech: WAV, MP3 or Opus.",
    params=Params,
    result=Result,
    run=speak,
    accepts=frozenset({"text", "transcript", "subtitles"}),
    makes=lambda params: {f"speech.{params.format}": "media"},
    cached_by=lambda params, settings: settings.speaker.deciding(params.engine),
)


def _text(path: Path, params: Params) -> tuple[str, str]:
    """What is to be spoken, a paragraph a line, and its language."""
    document = read_document(path)
    language = params.language or _told(document)
    if document.form == "text":
        return document.text, language
    # Segments and cues end where they fit, in the midst of sentences: spoken one by one they would sound like a list.
    return join_segments([passage.text for passage in document.passages], language), language


def _told(document: Document) -> str:
    return document.language if document.language and document.language != UNDETERMINED else "en"


def _options(params: Params, language: str) -> SpeakingOptions:
    return SpeakingOptions(**params.model_dump(exclude={"format", "language"}), language=language)


async def _spoken(ctx: Context, text: str, options: SpeakingOptions, wav: Path) -> tuple[Voice, Spoken]:
    await ctx.progress(0.0, stage="loading")
    voice, spoken = None, None
    async with aclosing(ctx.engines.speaker.speak(text, options, wav)) as parts:
        async for part in parts:
            if isinstance(part, Voice):
                voice = part
            else:
                spoken = part
                await ctx.progress(_SPEAKING_SHARE * part.characters / len(text), stage="speaking")
    if voice is None or spoken is None:
        message = "An engine ended without saying what it spoke."
        raise RuntimeError(message)
    return voice, spoken


async def _encoded(ctx: Context, wav: Path, form: Literal["mp3", "opus"]) -> Path:
    target = wav.with_suffix(f".{form}")
    options = ConversionOptions(format=form, bitrate_kbps=_KBPS[form])
    async with aclosing(ctx.engines.converter.convert(wav, target, options)) as parts:
        async for part in parts:
            if isinstance(part, Conversion) and part.duration_seconds:
                done = min(1.0, part.done_seconds / part.duration_seconds)
                await ctx.progress(_SPEAKING_SHARE + (1 - _SPEAKING_SHARE) * done, stage="encoding")
    return target
