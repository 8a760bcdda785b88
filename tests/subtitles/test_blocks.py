"""Subtitle files taken apart and put together: whatever is put in for words, nothing else changes."""

from __future__ import annotations

import io

import pysubs2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playhead.subtitles.blocks import Blocks, join, split
from playhead.subtitles.words import standing, tells_time

SRT = (
    "\ufeff7\r\n00:00:01,000 --> 00:00:02,500 X1:40 X2:600 Y1:20 Y2:50\r\n<i>Hello,</i>\r\nworld.\r\n\r\n"
    "\r\n9\n00:00:03,000 --> 00:00:04,000\n42\n\n10\n00:00:05,000 --> 00:00:06,000\n\n"
    "11\n00:00:07,000 --> 00:00:08,000\nno blank line\n12\n00:00:09,000 --> 00:00:10,000\nthe end"
)
VTT = (
    "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE of the\ntranslator\n\n"
    "intro\n00:01.000 --> 00:02.500 align:start position:10%\n<v Ann>Tom &amp; Jerry</v>\nsaid no.\n\n"
    "NOTE not words\n\n2\n00:03.000 --> 00:04.000\nsung <00:03.500>along\n\n00:05.000 --> 00:06.000\nend\n"
)


def texts(blocks: Blocks) -> list[tuple[int, str]]:
    return [(slot.cue, slot.text) for slot in blocks.slots]


def test_an_srt_is_taken_apart() -> None:
    blocks = split(SRT)

    assert (blocks.form, blocks.cues) == ("srt", 5)
    assert texts(blocks) == [
        (1, "<i>Hello,</i>\r\nworld."),
        (2, "42"),
        (4, "no blank line"),
        (5, "the end"),
    ]
    assert blocks.frames[0] == "\ufeff7\r\n00:00:01,000 --> 00:00:02,500 X1:40 X2:600 Y1:20 Y2:50\r\n"
    assert blocks.frames[3] == "\n12\n00:00:09,000 --> 00:00:10,000\n"


def test_a_vtt_is_taken_apart() -> None:
    """Words with times among them are left where they are."""
    blocks = split(VTT)

    assert (blocks.form, blocks.cues) == ("vtt", 3)
    assert texts(blocks) == [(1, "<v Ann>Tom &amp; Jerry</v>\nsaid no."), (3, "end")]


def test_words_after_a_blank_line_are_words_in_an_srt_alone() -> None:
    loose = "1\n00:00:01,000 --> 00:00:02,000\none\n\ntwo\n\n3\n\n2\n00:00:03,000 --> 00:00:04,000\nthree\n"

    assert texts(split(loose)) == [(1, "one"), (1, "two"), (2, "three")]
    assert texts(split("WEBVTT\n\n" + loose.replace(",", "."))) == [(1, "one"), (2, "three")]


def test_a_long_text_before_the_first_cue_is_read_before_anybody_gives_up() -> None:
    head = "a b c d e f g\n\n" * 400_000
    blocks = split(head + "00:00:01,000 --> 00:00:02,000\nwords\n")

    assert (blocks.frames[0].removeprefix(head), texts(blocks)) == ("00:00:01,000 --> 00:00:02,000\n", [(1, "words")])


@pytest.mark.parametrize("content", ["", "\n", "words\n\nand words", '{"text": "no subtitles"}', "WEBVTT\n", "-->"])
def test_where_there_are_no_words_there_is_a_frame(content: str) -> None:
    assert (split(content).slots, join(split(content))) == ((), content)


def test_words_are_replaced_and_take_the_line_ends_of_the_old() -> None:
    blocks = split(SRT).replaced({0: "Hallo,\nWelt.", 1: "43", 3: "Ende"})

    assert join(blocks) == (
        SRT.replace("<i>Hello,</i>\r\nworld.", "Hallo,\r\nWelt.").replace("\n42\n", "\n43\n").replace("the end", "Ende")
    )


@pytest.mark.parametrize(
    ("hostile", "standing_as"),
    [
        ("one\n\n\n2\n00:00:00,000 --> 00:00:01,000\ntwo", ["one", "2", "00:00:00,000 ->", "00:00:01,000", "two"]),
        ("a ------> b", ["a -> b"]),
        ("sing <00:00:01.000>along", ["sing 00:00:01.000along"]),
        ("\x00nul \x1b[31mred\u2028line \ud800\ufeffend\r", ["nul [31mred", "line end"]),
        (" \t\u00a0\n\u3000", []),
        ("from 1:00:00,5 to 1:00:01.5 it", ["from 1:00:00,5 to", "1:00:01.5 it"]),
        ("Quoi\u202f?", ["Quoi\u202f?"]),
    ],
)
def test_hostile_words_stand_for_words(hostile: str, standing_as: list[str]) -> None:
    assert standing(hostile) == standing_as


def test_where_a_number_would_be_taken_for_that_of_a_cue_it_is_none() -> None:
    bare = "00:00:01,000 --> 00:00:02,000\nseven\n00:00:03,000 --> 00:00:04,000\nnine\n"
    blocks = split(bare)

    assert join(blocks.replaced({0: "7"})) == bare
    assert join(blocks.replaced({0: "we are\n7"})) == bare.replace("seven", "we are 7")
    assert join(blocks.replaced({1: "9"})) == bare.replace("nine", "9")


@pytest.mark.parametrize("nothing", ["", " \n ", "\x00"])
def test_nothing_replaces_no_words(nothing: str) -> None:
    assert split(SRT).replaced({0: nothing}) == split(SRT)


PIECES = st.sampled_from(
    [
        *("\n", "\r\n", "\r", "\n\n", " ", "\t", "1", "2", "42", "words", "more words.", "\ufeff", "\u2028", "\x85"),
        *("00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:02.000", "-->", "->", "--", ">", "-", "<", "<i>"),
        *("1:00:00,0", "00:01.000", "<00:01.000>", "WEBVTT", "NOTE", "STYLE", "&amp;", "é", "日本", "\x00", "\x1c"),
    ]
)
ANYTHING = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40)
"""Text of the stuff that subtitles are made of, in any order."""


@given(ANYTHING)
@settings(max_examples=300)
@example(SRT)
@example(VTT)
def test_whatever_is_taken_apart_is_put_together_again(content: str) -> None:
    assert join(split(content)) == content


@given(ANYTHING, st.lists(ANYTHING, min_size=1, max_size=5))
@settings(max_examples=500)
@example(SRT, [SRT])
@example(VTT, [VTT])
def test_no_words_change_anything_but_words(content: str, words: list[str]) -> None:
    blocks = split(content)
    written = join(blocks.replaced({at: words[at % len(words)] for at in range(len(blocks.slots))}))
    again = split(written)

    assert (again.frames, again.cues, again.form) == (blocks.frames, blocks.cues, blocks.form)
    assert [slot.cue for slot in again.slots] == [slot.cue for slot in blocks.slots]
    assert _times(written) == _times(content)


@given(st.text())
def test_words_that_stand_stand(text: str) -> None:
    lines = standing(text)

    assert standing("\n".join(lines)) == lines
    assert not any(tells_time(line) for line in lines)
    "\n".join(lines).encode()


def _times(content: str) -> list[tuple[int, int]]:
    """As another reader of subtitles finds them, in a file."""
    lines = io.TextIOWrapper(io.BytesIO(content.encode(errors="surrogatepass")), "utf-8", errors="surrogatepass")
    form = "vtt" if split(content).form == "vtt" else "srt"
    return [(event.start, event.end) for event in pysubs2.SSAFile.from_file(lines, format_=form)]
