"""Who said what: turns of speakers joined to the words of a transcript."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise

from playhead.engines.diarization import Turn
from playhead.transcript import Segment, SpeakerTime, Transcript, Word


def with_speakers(transcript: Transcript, turns: Iterable[Turn]) -> Transcript:
    """The transcript with a speaker on every word and segment, and a list of all speakers, in order of appearance.

    A word belongs to whoever speaks for most of it; where several do so, to whoever said the word before, if that is
    one of them, else to whoever began first. A word in a pause belongs to the turn next to it. A segment is split
    where its speaker changes, if its words tell where; else it belongs to whoever speaks for most of it. No text and
    no time of a word changes. Without turns nothing does.
    """
    ordered = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
    if not ordered:
        return transcript.model_copy(update={"speakers": []})
    floor = _Floor(ordered)
    pieces = [piece for segment in transcript.segments for piece in _pieces(segment, floor)]
    numbered = [piece.model_copy(update={"id": number}) for number, piece in enumerate(pieces)]
    return transcript.model_copy(update={"segments": numbered, "speakers": _speakers(ordered)})


def _speakers(turns: Sequence[Turn]) -> list[SpeakerTime]:
    seconds: dict[str, float] = {}
    for turn in turns:
        seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.end - turn.start
    return [SpeakerTime(name=name, seconds=round(spoken, 3)) for name, spoken in seconds.items()]


class _Floor:
    """Who has the floor at any time. Asked in the order of the words, it remembers who spoke last."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._starts = [turn.start for turn in turns]
        # Of all turns up to each, the first that ends last: none before it reaches further.
        self._furthest = list(accumulate(turns, _longer))
        self._last: str | None = None

    def holder(self, start: float, end: float) -> str:
        """Whoever speaks for most of this span."""
        seconds: dict[str, float] = {}
        for turn in self._near(start, end):
            heard = min(end, turn.end) - max(start, turn.start)
            seconds[turn.speaker] = max(heard, 0.0) + seconds.get(turn.speaker, 0.0)
        self._last = self._preferred(seconds) if seconds else self._nearest(start, end)
        return self._last

    def _preferred(self, seconds: dict[str, float]) -> str:
        most = max(seconds.values())
        leading = [speaker for speaker, heard in seconds.items() if heard == most]
        return self._last if self._last in leading else leading[0]

    def _near(self, start: float, end: float) -> list[Turn]:
        """The turns that touch a span, by their start."""
        at = bisect_right(self._starts, end)
        near: list[Turn] = []
        while at and self._furthest[at - 1].end >= start:
            at -= 1
            if self._turns[at].end >= start:
                near.append(self._turns[at])
        return near[::-1]

    def _nearest(self, start: float, end: float) -> str:
        """Of the turns around a pause, whose edge is nearer; whoever spoke before, where both are as near."""
        after = bisect_right(self._starts, end)
        before = self._furthest[after - 1] if after else None
        following = self._turns[after] if after < len(self._turns) else None
        if before and following:
            return (following if following.start - end < start - before.end else before).speaker
        return (before or following or self._turns[0]).speaker


def _longer(one: Turn, other: Turn) -> Turn:
    """Whichever ends later; the first, where both end at once."""
    return other if other.end > one.end else one


def _pieces(segment: Segment, floor: _Floor) -> list[Segment]:
    """A segment in parts of one speaker each."""
    places = _places(segment.text, segment.words or [])
    if not places:
        return [_whole(segment, floor.holder(segment.start, segment.end))]
    words = [word.model_copy(update={"speaker": floor.holder(word.start, word.end)}) for word in segment.words or []]
    runs = [list(run) for _, run in groupby(zip(words, places, strict=True), key=lambda placed: placed[0].speaker)]
    cuts = [0, *(run[0][1] for run in runs[1:]), len(segment.text)]
    texts = [segment.text[start:end].strip() for start, end in pairwise(cuts)]
    return list(_split(segment, [[word for word, _ in run] for run in runs], texts))


def _split(segment: Segment, runs: list[list[Word]], texts: list[str]) -> Iterator[Segment]:
    """The segment's figures hold for each part; its ends are those of the first and the last."""
    for at, (run, text) in enumerate(zip(runs, texts, strict=True)):
        start = segment.start if at == 0 else run[0].start
        end = segment.end if at == len(runs) - 1 else run[-1].end
        changed = {"start": start, "end": max(start, end), "text": text, "words": run, "speaker": run[0].speaker}
        yield segment.model_copy(update=changed)


def _whole(segment: Segment, speaker: str) -> Segment:
    """A segment of which the words do not tell where its text could be split."""
    words = segment.words and [word.model_copy(update={"speaker": speaker}) for word in segment.words]
    return segment.model_copy(update={"speaker": speaker, "words": words})


def _places(text: str, words: Sequence[Word]) -> list[int]:
    """Where each word begins in the text; nothing where one is not found in its turn."""
    places: list[int] = []
    at = 0
    for word in words:
        place = text.find(word.text, at)
        if place < 0 or not word.text.strip():
            return []
        places.append(place)
        at = place + len(word.text)
    return places
