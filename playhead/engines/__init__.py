"""What Playhead asks of its engines. The real ones and the stubs obey the same Protocols and the same tests.

An engine never sees a job, a database or our HTTP API: it turns local files and texts into values. Each has a file of
its own here, which says all that a kind may know of it.
"""

from __future__ import annotations

from typing import Protocol

from playhead.engines.annotation import AnnotationStep, Annotator, Entity, Sentence, Token
from playhead.engines.conversion import Conversion, ConversionOptions, Converted, Converter
from playhead.engines.diarization import Diarized, Diarizer, Turn
from playhead.engines.mailing import Attachment, Letter, Mailed, Mailer
from playhead.engines.notation import NotationOptions, NotationStep, Notator, Note
from playhead.engines.posting import Post, Poster
from playhead.engines.speech import SpeechInfo, SpeechOptions, SpeechStep, Transcriber
from playhead.engines.synthesis import Speaker, SpeakingOptions, Spoken, Voice
from playhead.engines.translation import Translated, TranslationOptions, Translator
from playhead.engines.writing import Writer, WritingOptions, Written

__all__ = [
    "AnnotationStep",
    "Annotator",
    "Attachment",
    "Conversion",
    "ConversionOptions",
    "Converted",
    "Converter",
    "Diarized",
    "Diarizer",
    "Engines",
    "Entity",
    "Letter",
    "Mailed",
    "Mailer",
    "NotationOptions",
    "NotationStep",
    "Notator",
    "Note",
    "Post",
    "Poster",
    "Sentence",
    "Speaker",
    "SpeakingOptions",
    "SpeechInfo",
    "SpeechOptions",
    "SpeechStep",
    "Spoken",
    "Token",
    "Transcriber",
    "Translated",
    "TranslationOptions",
    "Translator",
    "Turn",
    "Voice",
    "Writer",
    "WritingOptions",
    "Written",
]


class Engines(Protocol):
    """The engines of one worker. Each is started on first use."""

    @property
    def transcriber(self) -> Transcriber:
        """Speech to text."""
        ...

    @property
    def writer(self) -> Writer:
        """A large language model."""
        ...

    @property
    def converter(self) -> Converter:
        """Media to media."""
        ...

    @property
    def speaker(self) -> Speaker:
        """Text to speech."""
        ...

    @property
    def notator(self) -> Notator:
        """Music to notes."""
        ...

    @property
    def translator(self) -> Translator:
        """A translation service."""
        ...

    @property
    def annotator(self) -> Annotator:
        """Text to grammar."""
        ...

    @property
    def diarizer(self) -> Diarizer:
        """Who speaks when."""
        ...

    @property
    def mailer(self) -> Mailer:
        """A mail server."""
        ...

    @property
    def poster(self) -> Poster:
        """Webhooks."""
        ...

    @property
    def device(self) -> str:
        """Where models run, as an operator would say it: `cpu`, `NVIDIA H100 80GB`, `stub`."""
        ...

    async def lost(self) -> None:
        """Wait until an engine lives on though it was killed: its device is not free, and its worker is to end."""
        ...

    async def close(self) -> None:
        """End every child process and wait for it."""
        ...
