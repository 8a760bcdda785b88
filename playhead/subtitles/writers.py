"""Transcripts as files. Every writer gives text that ends with a line feed, or nothing where there is no speech."""

from __future__ import annotations

from collections.abc import Iterable

from playhead.subtitles.cues import Cue
from playhead.subtitles.text import without_arrows
from playhead.transcript import Segment

_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered from 1, times as ``HH:MM:SS,mmm``; ``S1: `` stands where another speaker begins."""
    shown = list(cues)
    before = [None, *(cue.speaker for cue in shown)]
    blocks = (
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{_srt_text(cue, last)}\n"
        for number, (cue, last) in enumerate(zip(shown, before, strict=False), start=1)
    )
    return "\n".join(blocks)


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT: times as ``HH:MM:SS.mmm``, text escaped; every cue in the voice of its speaker."""
    blocks = (f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{_vtt_text(cue)}\n" for cue in cues)
    return "\n".join(["WEBVTT\n", *blocks])


def named(speaker: str, text: str) -> str:
    """Words as SubRip shows whose they are."""
    return f"{speaker}: {text}"


def tsv(segments: Iterable[Segment]) -> str:
    """Tab-separated: a header, then start and end in milliseconds and the text of each segment."""
    rows = (f"{round(one.start * 1000)}\t{round(one.end * 1000)}\t{_flat(one.text)}\n" for one in segments)
    return "".join(["start\tend\ttext\n", *rows])


def txt(segments: Iterable[Segment]) -> str:
    """Plain text, one segment a line."""
    return "".join(f"{_flat(one.text)}\n" for one in segments)


def _srt_text(cue: Cue, last_speaker: str | None) -> str:
    # SubRip knows no escapes; an arrow in the text would be read as a time line.
    text = without_arrows("\n".join(cue.lines))
    return named(cue.speaker, text) if cue.speaker and cue.speaker != last_speaker else text


def _vtt_text(cue: Cue) -> str:
    text = "\n".join(cue.lines).translate(_VTT_ESCAPES)
    return f"<v {cue.speaker.translate(_VTT_ESCAPES)}>{text}" if cue.speaker else text


def _flat(text: str) -> str:
    return " ".join(text.split())


def _clock(milliseconds: int, separator: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}{separator}{rest:03d}"
