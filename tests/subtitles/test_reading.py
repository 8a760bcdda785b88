"""Subtitles read for what they say, those of others and our own."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.subtitles.cues import Cue
from playhead.subtitles.reading import Caption, captions, is_timed
from playhead.subtitles.writers import vtt

PIECES = st.sampled_from(
    [
        *("\n", "\r\n", "\r", "\n\n", " ", "1", "42", "words", "\ufeff", "\u2028", "WEBVTT", "NOTE", "<i>", "<v A>"),
        *(
            "00:00:01,000 --> 00:00:02,000",
            "00:01.000 --> 00:02.000",
            "7:30 --> 8:30",
            " on",
            "-->",
            "1:00:00,0",
            "&amp;",
        ),
    ]
)
TIMES = "00:00:01,000 --> 00:00:02,000\n"
_LINE_END = re.compile(r"\r\n|\n|\r")
LINES = st.lists(st.text(alphabet="ab&<>/;#1:.,-\\} é雨", min_size=1, max_size=20).filter(str.strip), min_size=1)


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("00:00:01,000 --> 00:00:02,500", 1.0, 2.5),
        ("100:00:00,000 --> 100:00:00,040 X1:40", 360_000.0, 360_000.04),
        ("00:01.5 --> 00:02.05 position:10%", 1.5, 2.05),
        ("7 0:0:1.0000-->0:0:3", 1.0, 3.0),
        ("0:03 --> 1:05", 3.0, 65.0),
        (" 00:00:03:900 --> 00:00:04:000", 3.9, 4.0),
        ("-00:00:01,000 --> 00:00:02,000", 1.0, 2.0),
    ],
)
def test_times_are_read_as_players_do(line: str, start: float, end: float) -> None:
    assert list(captions(f"{line}\nHello.\n")) == [Caption(start, end, "Hello.", None)]


@pytest.mark.parametrize(
    "line",
    [
        "7:30 --> 8:30 breakfast",
        "--> 00:00:01,000",
        "from 00:00:01,000 --> 00:00:02,000",
        "00:00:01,000 -> 00:00:02,000",
    ],
)
def test_what_is_no_time_line_is_words(line: str) -> None:
    assert not is_timed(line)
    (caption,) = captions(f"00:00:01,000 --> 00:00:02,500\n{line}\n")
    assert caption.text == line


@pytest.mark.parametrize("content", ["a\n" * 100_000 + "x --> y", "x --> y\n" * 20_000, "-->" * 50_000])
def test_no_text_takes_many_times_its_memory_to_be_told_from_subtitles(content: str) -> None:
    tracemalloc.start()
    try:
        assert not is_timed(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 2 * len(content)


@pytest.mark.parametrize("content", [TIMES + "a\n" * 100_000, "a\n" * 100_000 + TIMES + "words"])
def test_no_cue_takes_many_times_its_memory_to_be_read(content: str) -> None:
    tracemalloc.start()
    try:
        (caption,) = captions(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caption.text
    assert most < 12 * len(content)


@given(LINES)
def test_our_own_webvtt_says_what_was_written(lines: list[str]) -> None:
    (caption,) = captions(vtt([Cue(1000, 2000, tuple(lines), "Tom & <Ann>")]))

    assert caption == Caption(1.0, 2.0, " ".join(" ".join(lines).split()), "Tom & <Ann>")


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
def test_anything_is_read(content: str) -> None:
    for caption in captions(content):
        assert caption.text
        assert is_timed(content)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_a_text_is_timed_where_one_of_its_lines_is(content: str) -> None:
    assert is_timed(content) == any(map(is_timed, _LINE_END.split(content)))
