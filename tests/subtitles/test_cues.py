"""Subtitles by common practice, for any transcript that a model may come up with."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.subtitles import Cue, CueRules, cues
from playhead.subtitles.text import width
from playhead.transcript import Segment, Word

RULES = CueRules()


def segment(text: str, start: float, end: float, words: list[Word] | None = None, number: int = 0) -> Segment:
    return Segment(
        id=number,
        start=start,
        end=end,
        text=text,
        avg_logprob=0,
        no_speech_prob=0,
        compression_ratio=1,
        temperature=0,
        words=words,
    )


def spoken(text: str, start: float = 0.0, each: float = 0.4, gap: float = 0.05) -> Segment:
    """A segment whose words follow each other evenly."""
    words = [
        Word(start=start + at * (each + gap), end=start + at * (each + gap) + each, text=word, probability=1)
        for at, word in enumerate(text.split())
    ]
    return segment(text, words[0].start, words[-1].end, words)


def texts(found: list[Cue]) -> list[str]:
    return ["\n".join(cue.lines) for cue in found]


def test_a_short_sentence_is_one_cue_of_one_line() -> None:
    (cue,) = cues([spoken("It was the best of times.", start=1.0)])

    assert cue.lines == ("It was the best of times.",)
    assert cue.start_ms == 1000


def test_sentences_are_kept_apart() -> None:
    found = cues([spoken("It was the age of wisdom, we all thought. It was the age of foolishness, we all knew.")])

    assert texts(found) == [
        "It was the age of wisdom, we all thought.",
        "It was the age of foolishness,\nwe all knew.",
    ]


def test_lines_break_at_clauses_and_are_of_about_one_length() -> None:
    (cue,) = cues([spoken("He had no wish to be remembered, and yet nobody forgot.")])

    assert cue.lines == ("He had no wish to be remembered,", "and yet nobody forgot.")


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    text = (
        "In short, the period was so far like the present period, that some of its noisiest authorities "
        "insisted on its being received, for good or for evil, in the superlative degree of comparison only."
    )
    found = cues([spoken(text)])

    assert len(found) == 3
    assert all(one.lines[-1].endswith((",", ".")) for one in found)


def test_a_sentence_that_the_model_cut_in_two_segments_is_joined() -> None:
    found = cues([spoken("I would rather"), spoken("not say.", start=1.4)])

    assert texts(found) == ["I would rather not say."]


def test_a_title_ends_no_sentence() -> None:
    found = cues(
        [spoken("And Mr. John F. Dashwood had then leisure to consider how much there might be in his power.")]
    )

    assert texts(found)[0].startswith("And Mr. John F. Dashwood")


def test_a_segment_that_ends_in_a_rest_ends_a_cue_though_no_full_stop_is_written() -> None:
    said = [spoken("We were all going direct the other way"), spoken("In short the period was like ours", start=4.2)]

    assert texts(cues(said)) == ["We were all going direct the other way", "In short the period was like ours"]


def test_a_pause_ends_a_cue() -> None:
    found = cues([spoken("Wait"), spoken("what?", start=4.0)])

    assert texts(found) == ["Wait", "what?"]
    assert found[1].start_ms == 4000


def test_a_cue_stays_until_it_can_be_read_where_nobody_speaks() -> None:
    first, second = cues([spoken("Unconstitutionally yours.", each=0.2), spoken("Yes.", start=5.0)])

    assert first.end_ms == pytest.approx(26 / 17 * 1000, abs=60)
    assert second.end_ms - second.start_ms == 1000


def test_the_last_cue_ends_with_the_recording() -> None:
    (cue,) = cues([spoken("Yes.", start=5.0)], duration_seconds=5.6)

    assert cue.end_ms == 5600


def test_cues_are_a_moment_apart() -> None:
    found = cues([spoken("This is one sentence that is said. " * 8, gap=0)])

    assert len(found) > 3
    assert {after.start_ms - before.end_ms for before, after in pairwise(found)} == {83}


def test_without_word_times_they_follow_the_text() -> None:
    first, second = cues(
        [segment("Ten letters and so on it goes, in half. Ten letters and so on it goes, in half.", 0, 8)]
    )

    assert first.start_ms == 0
    assert second.start_ms == pytest.approx(4000, abs=100)


def test_word_times_that_do_not_tell_the_text_are_not_used() -> None:
    words = [Word(start=0, end=1, text="other", probability=1)]
    (cue,) = cues([segment("Nothing of the kind.", 2, 4, words)])

    assert cue.lines == ("Nothing of the kind.",)
    assert cue.start_ms == 2000


def test_japanese_breaks_anywhere_but_before_punctuation() -> None:
    text = (
        "昔々あるところにおじいさんとおばあさんが住んでいました。"
        "おじいさんは山へ芝刈りに、おばあさんは川へ洗濯に行きました。"
    )
    found = cues([segment(text, 0, 12)])

    assert "".join(line for one in found for line in one.lines) == text
    assert all(width(line) <= 42 for one in found for line in one.lines)
    assert all(line[0] not in "。、" for one in found for line in one.lines)
    assert found[0].lines[-1].endswith("。")


def test_two_japanese_segments_join_without_a_space() -> None:
    assert texts(cues([segment("そうです", 0, 1), segment("ね。", 1, 1.5)])) == ["そうですね。"]


def test_arabic_stays_in_the_order_it_is_written() -> None:
    text = "كان يا ما كان، في قديم الزمان."
    assert texts(cues([segment(text, 0, 3)])) == [text]


def test_rules_may_be_others() -> None:
    rules = CueRules(max_line_chars=20, max_lines=1)
    found = cues([spoken("It was the best of times, it was the worst of times.")], rules)

    assert all(len(one.lines) == 1 and len(one.lines[0]) <= 20 for one in found)


def test_nothing_said_gives_no_cue() -> None:
    assert cues([]) == []
    assert cues([segment("  ", 0, 1)]) == []


LETTERS = string.ascii_letters + string.digits + ".,;:!?'-…—\"«»()" + "äß日本語。、テスト한국어ไทยالعربية" + "e\u0301"
WORDS = st.text(LETTERS, min_size=1, max_size=60) | st.sampled_from(["the", "end.", "and,", "a", "https://" + "x" * 90])


@st.composite
def transcripts(draw: st.DrawFn, *, sane: bool = False) -> list[Segment]:
    """Segments with or without words, one after the other; where not ``sane``, at any times at all."""
    found, at = [], 0.0
    for number in range(draw(st.integers(0, 8))):
        said = draw(st.lists(WORDS, min_size=1, max_size=20))
        if sane:
            start = at + draw(st.floats(0, 5))
            pace = draw(st.floats(0.1, 1))
            words = [
                Word(start=start + i * pace, end=start + (i + 1) * pace, text=one, probability=1)
                for i, one in enumerate(said)
            ]
            end = at = words[-1].end
        else:
            times = st.floats(0, 30)
            start, end = draw(times), draw(times)
            words = [Word(start=draw(times), end=draw(times), text=one, probability=1) for one in said]
        found.append(segment(" ".join(said), start, end, words if draw(st.booleans()) else None, number))
    return found


def _bare(text: str) -> str:
    return "".join(text.split())


@given(transcripts())
@settings(max_examples=150)
def test_no_text_is_lost_doubled_or_moved(said: list[Segment]) -> None:
    found = cues(said)

    assert _bare("".join(line for one in found for line in one.lines)) == _bare("".join(one.text for one in said))


@given(transcripts())
@settings(max_examples=150)
def test_times_go_forward_and_never_overlap(said: list[Segment]) -> None:
    found = cues(said)

    assert all(0 <= one.start_ms < one.end_ms for one in found)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(found))


@given(transcripts(sane=True))
@settings(max_examples=150)
def test_limits_hold(said: list[Segment]) -> None:
    found = cues(said)

    assert all(1 <= len(one.lines) <= 2 for one in found)
    assert all(line == line.strip() and 0 <= width(line) <= 42 for one in found for line in one.lines)
    assert all(one.end_ms - one.start_ms <= 7000 for one in found)
    for one, after in pairwise(found):
        if after.start_ms - one.start_ms >= 1083:
            assert one.end_ms - one.start_ms >= 1000
            assert after.start_ms - one.end_ms >= 83


@given(transcripts(sane=True), st.integers(0, 1000), st.floats(5, 40))
@settings(max_examples=100)
def test_any_gap_is_kept_wherever_a_cue_is_left_to_keep_it(said: list[Segment], gap_ms: int, speed: float) -> None:
    found = cues(said, CueRules(gap_seconds=gap_ms / 1000, chars_per_second=speed))

    for one, after in pairwise(found):
        if after.start_ms - one.start_ms > gap_ms:
            assert after.start_ms - one.end_ms >= gap_ms


@given(transcripts(sane=True))
@settings(max_examples=100)
def test_cues_lie_where_the_words_were_heard(said: list[Segment]) -> None:
    found = cues(said, duration_seconds=1000)

    if found:
        assert found[0].start_ms >= round(said[0].start * 1000)
        assert found[-1].end_ms <= 1_000_000
