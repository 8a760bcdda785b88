"""Rewritten passages as the words of the subtitles that they were taken from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from playhead.errors import DocumentUnreadableError
from playhead.subtitles.blocks import Blocks, Slot, join, split
from playhead.subtitles.markup import escaped
from playhead.subtitles.relaying import relaid

MEDIA_TYPES: dict[Literal["srt", "vtt"], str] = {"srt": "application/x-subrip", "vtt": "text/vtt"}


def formats_of(name: str) -> Sequence[str]:
    """Which of SRT and WebVTT subtitles in a file of this name may be: as it ends, else either."""
    ending = name.rpartition(".")[2].lower()
    return [ending] if ending in MEDIA_TYPES else list(MEDIA_TYPES)


def read_cues(content: str) -> Blocks:
    """A subtitle file taken apart. One of silence has no cues: it is empty, or the head of a WebVTT file.

    Raises:
        DocumentUnreadableError: there is something in it, but no cues.
    """
    blocks = split(content)
    of_silence = not content or (blocks.form == "vtt" and "-->" not in content)
    if not blocks.cues and not of_silence:
        raise DocumentUnreadableError("the document has no cues: give subtitles, SRT or WebVTT")
    return blocks


def reworded(blocks: Blocks, texts: Sequence[str]) -> Blocks:
    """The subtitles with a text for each slot; one with the old words leaves its slot as it stands.

    Whatever the texts are, all frames and the number of cues are those of ``blocks``, also when the file is read again.
    """
    changes = {
        at: _worded(text, slot, blocks.form)
        for at, (slot, text) in enumerate(zip(blocks.slots, texts, strict=True))
        if text.split() != slot.text.split()
    }
    made = blocks.replaced(changes)
    again = split(join(made))
    if (again.frames, again.cues) != (blocks.frames, blocks.cues):
        message = "New words changed more than words."
        raise RuntimeError(message)
    return made


def changed_cues(before: Blocks, after: Blocks) -> int:
    """How many cues have other words."""
    return len({old.cue for old, new in zip(before.slots, after.slots, strict=True) if old.text != new.text})


def _worded(text: str, slot: Slot, form: Literal["srt", "vtt"]) -> str:
    laid = relaid(text, slot.text)
    return escaped(laid) if form == "vtt" else laid
