"""What ffmpeg says when it fails, as the errors that jobs end with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from playhead.errors import (
    ConverterUnavailableError,
    EngineCrashedError,
    MediaUnreadableError,
    PlayheadError,
    TooLargeError,
)

# What the system and ffmpeg itself call it.
_CAUSES: tuple[tuple[str, type[PlayheadError], str], ...] = (
    ("No space left on device", EngineCrashedError, "The worker's disk is full."),
    ("File too large", TooLargeError, "The output would be larger than this server allows. Cut it into parts."),
    ("Cannot allocate memory", EngineCrashedError, "The converter ran out of memory."),
    ("Unknown encoder", ConverterUnavailableError, "This ffmpeg lacks an encoder that is needed."),
    ("No such filter", ConverterUnavailableError, "This ffmpeg lacks a filter that is needed."),
    ("Unrecognized option", ConverterUnavailableError, "This ffmpeg is too old: 6.1 or later is needed."),
    ("Protocol not found", ConverterUnavailableError, "This ffmpeg lacks a protocol that is needed."),
)
_LAST = 20
_TOLD = 2
# What follows from the cause, and says nothing of it.
_NOISE = re.compile(
    r"Conversion failed|Terminating thread|Task finished|Nothing was written|Qavg|^(frame|size)=|^\s*[\"{}]"
)
_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")


def failure(complaints: Sequence[str], paths: Sequence[Path]) -> PlayheadError:
    """The error that suits these last lines, told without the ``paths``, which are nobody's business."""
    last = [_clean(line, paths) for line in complaints[-_LAST:]]
    for words, error, message in _CAUSES:
        if any(words in line for line in last):
            return _with_notes(error(message), last)
    told = " ".join([line for line in last if not _NOISE.search(line)][-_TOLD:]) or "it does not say why"
    return _with_notes(MediaUnreadableError(f"The recording could not be converted. ffmpeg says: {told}"), last)


def _with_notes(error: PlayheadError, lines: Sequence[str]) -> PlayheadError:
    for line in lines:
        error.add_note(line)
    return error


def _clean(line: str, paths: Sequence[Path]) -> str:
    for path in paths:
        line = line.replace(f"file:{path.resolve()}", path.name).replace(str(path.resolve()), path.name)
    return _ADDRESS.sub("", line).replace("fd:", "the input")
