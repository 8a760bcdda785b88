"""Texts as inputs: a transcript, subtitles or plain text, read as passages with their times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from playhead.document_checks import require_sound, require_text
from playhead.errors import DocumentUnreadableError
from playhead.subtitles.reading import captions, is_timed
from playhead.summary import Summary
from playhead.transcript import Transcript

MAX_BYTES = 64 * 1024 * 1024
BYTE_ORDER_MARK = "\ufeff"

_PARAGRAPH_END = re.compile(r"(?:\r\n|\n|\r(?!\n))[^\S\r\n]*(?:\r\n|\n|\r)")


@dataclass(frozen=True)
class Passage:
    """A few words to a few sentences.

    Attributes:
        start, end: seconds; None in a text that has none.
        speaker: who says it, where the file tells that. It is no part of the text.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Document:
    """What a file says.

    Attributes:
        language: ISO 639-1 code; None where the file does not tell.
        passages: segments of a transcript, cues of subtitles, paragraphs of a text; none of them empty.
        transcript: the whole of it where the file is one.
    """

    form: Literal["transcript", "subtitles", "text"]
    passages: list[Passage]
    language: str | None = None
    transcript: Transcript | None = None

    @property
    def text(self) -> str:
        """All that is said, a passage a line."""
        return "\n".join(passage.text for passage in self.passages)


def read_document(path: Path) -> Document:
    """Read a transcript as JSON, subtitles (SRT or VTT) or plain text in UTF-8; what it is shows in its beginning.

    Raises:
        DocumentUnreadableError: it is none of these, too large, or says nothing.
    """
    return document_of(read_verbatim(path))


def document_of(content: str, *, may_be_silent: bool = False) -> Document:
    """What :func:`read_document` makes of a file with this text, with or without a byte order mark.

    Raises:
        DocumentUnreadableError: it is none, or says nothing: a transcript or subtitles of silence do so rightly, where
            they ``may_be_silent``.
    """
    document = _document(content)
    if not document.passages and not (may_be_silent and document.form != "text"):
        raise DocumentUnreadableError("the document says nothing: there is no text in it")
    return document


def read_source(path: Path) -> Document | Summary:
    """Read a document, or a summary as the kind ``summarize`` makes it. A document that says nothing has no passages.

    Raises:
        DocumentUnreadableError: it is none of these, or too large.
    """
    content = read_verbatim(path)
    return summary_of(content) or _document(content)


def summary_of(content: str) -> Summary | None:
    """The summary in a file with this text; None where it is something else.

    Raises:
        DocumentUnreadableError: it is one, but a broken one.
    """
    text = content.removeprefix(BYTE_ORDER_MARK)
    if not (text.lstrip().startswith("{") and '"quotes_dropped"' in text):
        return None
    require_text(text)
    try:
        return Summary.model_validate_json(text)
    except ValidationError as error:
        raise DocumentUnreadableError(f"the document is a summary, but a broken one: {_first(error)}") from None


def read_verbatim(path: Path) -> str:
    """A file's text with every character that it has: its line ends, and a byte order mark where it has one.

    Raises:
        DocumentUnreadableError: it is no UTF-8, or too large.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DocumentUnreadableError(f"the document is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        message = f"the document is no text in UTF-8 (byte {error.start}): convert it first"
        raise DocumentUnreadableError(message) from None


def _document(content: str) -> Document:
    text = content.removeprefix(BYTE_ORDER_MARK)
    require_text(text)
    return _read(text, text.lstrip())


def _read(text: str, beginning: str) -> Document:
    if beginning.startswith("{"):
        return _transcript(text)
    if beginning.startswith("WEBVTT") or is_timed(text):
        return Document("subtitles", [Passage(one.text, one.start, one.end, one.speaker) for one in captions(text)])
    parts = (" ".join(part.split()) for part in _PARAGRAPH_END.split(text))
    return Document("text", [Passage(part) for part in parts if part])


def _transcript(text: str) -> Document:
    try:
        transcript = Transcript.model_validate_json(text)
    except ValidationError as error:
        raise DocumentUnreadableError(f"the document is JSON, but no transcript: {_first(error)}") from None
    require_sound(transcript)
    said = [Passage(one.text, one.start, one.end, one.speaker) for one in transcript.segments if one.text.strip()]
    return Document("transcript", said, transcript.language, transcript)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
