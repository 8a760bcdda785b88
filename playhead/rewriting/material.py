"""Documents of every form as passages to be rewritten, and as files again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playhead.documents import document_of, read_verbatim
from playhead.kind import Taken
from playhead.languages import join_segments, language_of
from playhead.rewriting.asking import Ask
from playhead.rewriting.lines import Lines, split_lines
from playhead.rewriting.pieces import share_of
from playhead.rewriting.subtitles import MEDIA_TYPES, formats_of, read_cues, reworded
from playhead.subtitles import cues, srt, txt, vtt
from playhead.subtitles.blocks import Blocks, join
from playhead.transcript import Transcript

Files = Mapping[str, tuple[str, str]]
"""Contents and media types, by what stands after the dot of their names."""


class Material(Protocol):
    """A document as passages.

    Attributes:
        places: of each passage, counted from 1: the number of its cue, segment or line.
    """

    @property
    def texts(self) -> Sequence[str]:
        """The passages."""
        ...

    @property
    def places(self) -> Sequence[int]:
        """Where they stand."""
        ...

    def files(self, texts: Sequence[str], language: str) -> Files:
        """The document with other texts, in another language, in all the forms that suit it."""
        ...


def read_material(path: Path, ask: Ask) -> Material:
    """Read a transcript, subtitles or a plain text, whose long lines are cut into what ``ask`` may be asked for.

    What is made of a silent recording has no passages: a transcript, subtitles, an empty file.

    Raises:
        DocumentUnreadableError: it is none of these, too large, or a text that says nothing.
    """
    content = read_verbatim(path)
    if not content:
        return SilentMaterial()
    document = document_of(content, may_be_silent=True)
    if document.transcript:
        return TranscriptMaterial(document.transcript)
    if document.form == "subtitles":
        return SubtitleMaterial(read_cues(content))
    return TextMaterial(split_lines(content, share_of(ask)))


def endings_of(taken: Taken) -> Sequence[str]:
    """What may stand after the dot of the names of the files that :meth:`Material.files` makes of this."""
    match taken.form:
        case "text":
            return ["txt"]
        case "subtitles":
            return formats_of(taken.name)
    return ["json", "txt", "srt", "vtt"]


@dataclass(frozen=True)
class SilentMaterial:
    """An empty file: SRT without cues, and a text without words. Whoever waits for its translation knows which."""

    texts: Sequence[str] = ()
    places: Sequence[int] = ()

    def files(self, texts: Sequence[str], language: str) -> Files:
        """As :meth:`Material.files`: both."""
        del texts, language
        return {"srt": ("", MEDIA_TYPES["srt"]), "txt": ("", "text/plain")}


@dataclass(frozen=True)
class SubtitleMaterial:
    """The cues of subtitles, which stay what they are but for their words."""

    blocks: Blocks

    @property
    def texts(self) -> Sequence[str]:
        """The words of each cue, on their lines."""
        return [slot.text for slot in self.blocks.slots]

    @property
    def places(self) -> Sequence[int]:
        """Cues."""
        return [slot.cue for slot in self.blocks.slots]

    def files(self, texts: Sequence[str], language: str) -> Files:
        """As :meth:`Material.files`: the one form that they have."""
        del language
        form = self.blocks.form
        return {form: (join(reworded(self.blocks, texts)), MEDIA_TYPES[form])}


@dataclass(frozen=True)
class TranscriptMaterial:
    """The segments of a transcript, which keep their times; words and their times are gone with the language."""

    transcript: Transcript

    @property
    def texts(self) -> Sequence[str]:
        """The text of each segment."""
        return [segment.text for segment in self.transcript.segments]

    @property
    def places(self) -> Sequence[int]:
        """Segments."""
        return range(1, len(self.transcript.segments) + 1)

    def files(self, texts: Sequence[str], language: str) -> Files:
        """As :meth:`Material.files`: the forms of a transcription."""
        made = self._reworded([" ".join(text.split()) for text in texts], language_of(language))
        laid = cues(made.segments, duration_seconds=made.duration_seconds)
        return {
            "json": (made.model_dump_json(), "application/json"),
            "txt": (txt(made.segments), "text/plain"),
            "srt": (srt(laid), MEDIA_TYPES["srt"]),
            "vtt": (vtt(laid), MEDIA_TYPES["vtt"]),
        }

    def _reworded(self, texts: Sequence[str], language: str) -> Transcript:
        segments = [
            segment.model_copy(update={"text": text, "words": None})
            for segment, text in zip(self.transcript.segments, texts, strict=True)
        ]
        about = {"text": join_segments(list(texts), language), "language": language, "language_probability": 1.0}
        return self.transcript.model_copy(update={"segments": segments, **about})


@dataclass(frozen=True)
class TextMaterial:
    """The lines of a text."""

    lines: Lines

    @property
    def texts(self) -> Sequence[str]:
        """Each line, or a few sentences of a long one."""
        return self.lines.passages

    @property
    def places(self) -> Sequence[int]:
        """Lines."""
        return self.lines.places

    def files(self, texts: Sequence[str], language: str) -> Files:
        """As :meth:`Material.files`: a text."""
        del language
        return {"txt": (self.lines.joined(texts), "text/plain")}
