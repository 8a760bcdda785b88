from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.engines import Turn
from playhead.speakers import with_speakers
from playhead.subtitles import cues, srt, vtt
from playhead.transcript import Segment, Transcript, Word

FIGURES = {"avg_logprob": -0.1, "no_speech_prob": 0.0, "compression_ratio": 1.0, "temperature": 0.0}


def _segment(number: int, words: list[tuple[str, float, float]], *, timed: bool = True) -> Segment:
    found = [Word(start=start, end=end, text=text, probability=1) for text, start, end in words]
    text = " ".join(word.text for word in found)
    return Segment(id=number, start=words[0][1], end=words[-1][2], text=text, words=found if timed else None, **FIGURES)


def _transcript(*segments: Segment) -> Transcript:
    return Transcript(
        text=" ".join(one.text for one in segments),
        language="en",
        language_probability=1,
        duration_seconds=100,
        segments=list(segments),
        model="m",
    )


def _turns(*told: tuple[str, float, float]) -> list[Turn]:
    return [Turn(speaker=speaker, start=start, end=end) for speaker, start, end in told]


def _said(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in transcript.segments]


TALK = _segment(0, [("How", 0, 0.4), ("are", 0.4, 0.6), ("you?", 0.6, 1), ("I'm", 1.5, 1.8), ("well.", 1.8, 2.2)])


def test_a_segment_is_split_where_its_speaker_changes() -> None:
    found = with_speakers(_transcript(TALK), _turns(("S1", 0, 1.2), ("S2", 1.3, 2.5)))
    assert _said(found) == [("S1", "How are you?"), ("S2", "I'm well.")]
    assert [(one.id, one.start, one.end) for one in found.segments] == [(0, 0, 1), (1, 1.5, 2.2)]
    assert [word.speaker for one in found.segments for word in one.words or []] == ["S1"] * 3 + ["S2"] * 2
    assert [(one.name, one.seconds) for one in found.speakers or []] == [("S1", 1.2), ("S2", 1.2)]


def test_of_overlapping_turns_a_word_belongs_to_who_speaks_for_most_of_it() -> None:
    found = with_speakers(_transcript(TALK), _turns(("S1", 0, 1.6), ("S2", 0.9, 2.5)))
    assert _said(found) == [("S1", "How are you?"), ("S2", "I'm well.")]


def test_where_both_speak_all_the_time_who_spoke_goes_on() -> None:
    words = [("a", 0.0, 1.0), ("b", 1.0, 2.0), ("c", 2.0, 3.0), ("d", 3.0, 4.0)]
    found = with_speakers(_transcript(_segment(0, words)), _turns(("S2", 0, 1), ("S1", 1, 3.2), ("S2", 1, 4)))
    assert _said(found) == [("S2", "a b c d")]


def test_a_word_in_a_pause_belongs_to_the_turn_next_to_it() -> None:
    words = [("a", 0.0, 1.0), ("b", 1.2, 1.4), ("c", 4.5, 4.8), ("d", 5.0, 6.0), ("e", 9.0, 9.0)]
    found = with_speakers(_transcript(_segment(0, words)), _turns(("S1", 0, 1), ("S2", 5, 6)))
    assert _said(found) == [("S1", "a b"), ("S2", "c d e")]


def test_without_times_of_words_a_segment_is_not_split() -> None:
    words = [("a", 0.0, 1.0), ("b", 1.0, 3.0)]
    found = with_speakers(_transcript(_segment(0, words, timed=False)), _turns(("S1", 0, 1), ("S2", 1, 3)))
    assert _said(found) == [("S2", "a b")]
    apart = _segment(0, words).model_copy(update={"text": "something else"})
    found = with_speakers(_transcript(apart), _turns(("S1", 0, 1), ("S2", 1, 3)))
    assert _said(found) == [("S2", "something else")]
    assert [word.speaker for word in found.segments[0].words or []] == ["S2", "S2"]


def test_text_without_spaces_is_split_between_its_words() -> None:
    segment = _segment(0, [("你好", 0, 1), ("吗", 1, 2)]).model_copy(update={"text": "你好,吗。"})
    found = with_speakers(_transcript(segment), _turns(("S1", 0, 1), ("S2", 1, 2)))
    assert _said(found) == [("S1", "你好,"), ("S2", "吗。")]


def test_without_turns_nothing_changes() -> None:
    found = with_speakers(_transcript(TALK), [])
    assert found.segments == [TALK]
    assert found.speakers == []


def test_what_nobody_asked_for_is_not_written() -> None:
    assert "speaker" not in _transcript(TALK).model_dump_json()


def test_subtitles_name_who_speaks() -> None:
    found = with_speakers(_transcript(TALK), _turns(("S1", 0, 1.2), ("S2", 1.3, 2.5)))
    shown = cues(found.segments)
    assert [(cue.speaker, cue.lines) for cue in shown] == [("S1", ("How are you?",)), ("S2", ("I'm well.",))]
    assert srt(shown).split("\n")[2::4] == ["S1: How are you?", "S2: I'm well."]
    assert vtt(shown).split("\n")[3::3] == ["<v S1>How are you?", "<v S2>I'm well."]


def test_a_speaker_is_named_in_srt_where_they_begin() -> None:
    first = [(f"word{number}", number / 2, number / 2 + 0.4) for number in range(30)]
    found = with_speakers(_transcript(_segment(0, first)), _turns(("S1", 0, 60)))
    shown = cues(found.segments)
    assert len(shown) > 1
    assert srt(shown).count("S1: ") == 1
    assert vtt(shown).count("<v S1>") == len(shown)


TIMES = st.integers(0, 400).map(lambda tenth: tenth / 10)
TURNS = st.lists(
    st.builds(
        lambda start, length, speaker: Turn(start=start, end=start + length, speaker=speaker),
        TIMES,
        st.integers(1, 80).map(lambda tenth: tenth / 10),
        st.sampled_from(["S1", "S2", "S3"]),
    ),
    max_size=8,
)


@st.composite
def _transcripts(draw: st.DrawFn) -> Transcript:
    at, segments = 0.0, []
    for number in range(draw(st.integers(0, 4))):
        words = []
        for text in draw(st.lists(st.sampled_from(["a", "an", "so,", "no.", "it's"]), min_size=1, max_size=6)):
            end = at + draw(st.integers(0, 8)) / 10
            words.append((text, at, end))
            at = end + draw(st.sampled_from([0, 0, 0.3, 2]))
        segments.append(_segment(number, words, timed=draw(st.booleans())))
    return _transcript(*segments)


@given(_transcripts(), TURNS)
def test_no_word_is_lost_moved_or_said_by_two(transcript: Transcript, turns: list[Turn]) -> None:
    found = with_speakers(transcript, turns)
    assert " ".join(one.text for one in found.segments) == " ".join(one.text for one in transcript.segments)
    assert found.text == transcript.text
    assert [one.id for one in found.segments] == list(range(len(found.segments)))
    words = [word for one in found.segments for word in one.words or []]
    assert [word.model_copy(update={"speaker": None}) for word in words] == [
        word for one in transcript.segments for word in one.words or []
    ]
    names = {turn.speaker for turn in turns}
    for one in found.segments:
        assert one.speaker in names if turns else one.speaker is None
        assert {word.speaker for word in one.words or []} <= {one.speaker}
        assert one.start <= one.end
    assert {one.name for one in found.speakers or []} == names
    assert with_speakers(found, turns).segments == found.segments or len(names) > 1


@given(_transcripts(), TURNS)
def test_a_word_that_one_alone_speaks_over_is_theirs(transcript: Transcript, turns: list[Turn]) -> None:
    for word in [word for one in with_speakers(transcript, turns).segments for word in one.words or []]:
        over = {turn.speaker for turn in turns if min(word.end, turn.end) - max(word.start, turn.start) > 0}
        if over:
            assert word.speaker in over


@given(_transcripts(), TURNS)
def test_a_cue_has_one_speaker_and_all_the_text(transcript: Transcript, turns: list[Turn]) -> None:
    found = with_speakers(transcript, turns)
    shown = cues(found.segments)
    said = [(one.speaker, word) for one in found.segments for word in one.text.split()]
    assert [(cue.speaker, word) for cue in shown for line in cue.lines for word in line.split()] == said
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(shown))


def _by_a_plain_scan(word: Word, turns: list[Turn]) -> str:
    """Whose turn is nearest to a word in a pause; of those as near, who began before it, and of these the first."""
    begun = sorted(turns, key=lambda turn: (turn.start > word.end, turn.start, turn.end, turn.speaker))
    return min(begun, key=lambda turn: max(turn.start - word.end, word.start - turn.end)).speaker


@given(_transcripts(), TURNS)
def test_a_word_in_a_pause_is_theirs_whom_a_plain_scan_finds_nearest(transcript: Transcript, turns: list[Turn]) -> None:
    for word in [word for one in with_speakers(transcript, turns).segments for word in one.words or []]:
        if turns and all(turn.end < word.start or turn.start > word.end for turn in turns):
            assert word.speaker == _by_a_plain_scan(word, turns)


class _Watched(Turn):
    """A turn that counts how often anybody asks for its end."""

    looks: ClassVar[int] = 0

    def __getattribute__(self, name: str) -> Any:
        _Watched.looks += name == "end"
        return super().__getattribute__(name)


def test_of_a_word_in_a_pause_only_the_turns_around_it_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hours of talk every word looked at every turn: 9,600 of each took nine seconds."""
    monkeypatch.setattr(_Watched, "looks", 0)
    count = 500
    turns = [_Watched(start=at, end=at + 0.5, speaker=f"S{at % 3 + 1}") for at in range(count)]
    words = [("yes", at + 0.6, at + 0.7) for at in range(count)]
    found = with_speakers(_transcript(_segment(0, words)), turns)
    assert [word.speaker for one in found.segments for word in one.words or []] == [turn.speaker for turn in turns]
    assert _Watched.looks < 20 * count


@pytest.mark.parametrize("count", [1, 20_000])
def test_long_recordings_take_no_long_time(count: int) -> None:
    turns = [Turn(start=at, end=at + 1.5, speaker=f"S{at % 3 + 1}") for at in range(count)]
    segments = [_segment(at, [("yes", at + 0.5, at + 0.9)]) for at in range(count)]
    assert len(with_speakers(_transcript(*segments), turns).segments) == count
