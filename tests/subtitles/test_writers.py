"""The files that players and tables read."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from playhead.subtitles import Cue, srt, tsv, txt, vtt
from playhead.transcript import Segment

CUES = [
    Cue(0, 1500, ("Tom & Jerry <said> -->", "nothing.")),
    Cue(360_000_000 + 62_003, 360_000_000 + 63_000, ("Much later.",)),
]
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=20)


@st.composite
def cue_lists(draw: st.DrawFn) -> list[Cue]:
    edges = sorted(draw(st.sets(st.integers(0, 10**9), min_size=2, max_size=20)))
    return [
        Cue(start, end, tuple(draw(st.lists(LINES, min_size=1, max_size=2))))
        for start, end in list(pairwise(edges))[::2]
    ]


def parse_srt(content: str) -> list[Cue]:
    """Every cue of a SubRip file; a strict reader, that knows no mercy for what is not by the book."""
    found = []
    for number, block in enumerate(content.split("\n\n") if content else [], start=1):
        counted, times, *lines = block.removesuffix("\n").split("\n")
        assert counted == str(number)
        clock = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"
        matched = re.fullmatch(f"{clock} --> {clock}", times)
        assert matched
        values = [int(value) for value in matched.groups()]
        start, end = (
            ((values[at] * 60 + values[at + 1]) * 60 + values[at + 2]) * 1000 + values[at + 3] for at in (0, 4)
        )
        assert lines
        assert all(lines)
        found.append(Cue(start, end, tuple(lines)))
    return found


def test_srt() -> None:
    assert srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nTom & Jerry <said> ->\nnothing.\n\n"
        "2\n100:01:02,003 --> 100:01:03,000\nMuch later.\n"
    )


def test_no_longer_arrow_hides_one() -> None:
    assert srt([Cue(0, 1, ("a ----> b", "--", ">"))]).endswith("a -> b\n--\n>\n")


@given(cue_lists())
def test_every_srt_can_be_read_back(found: list[Cue]) -> None:
    expected = [Cue(one.start_ms, one.end_ms, tuple(re.sub("-+->", "->", line) for line in one.lines)) for one in found]

    assert parse_srt(srt(found)) == expected


def test_vtt() -> None:
    assert vtt(CUES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nTom &amp; Jerry &lt;said&gt; --&gt;\nnothing.\n\n"
        "100:01:02.003 --> 100:01:03.000\nMuch later.\n"
    )


@given(cue_lists())
def test_a_vtt_has_one_arrow_for_each_cue(found: list[Cue]) -> None:
    assert vtt(found).count("-->") == len(found)


def test_nothing_said() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"
    assert tsv([]) == "start\tend\ttext\n"
    assert txt([]) == ""


def test_tables_and_text_keep_each_segment_on_its_line() -> None:
    segments = [
        Segment(
            id=number,
            start=start,
            end=start + 1,
            text=text,
            avg_logprob=0,
            no_speech_prob=0,
            compression_ratio=1,
            temperature=0,
        )
        for number, (start, text) in enumerate([(0.0004, "Tab\there"), (1.5, "two\nlines")])
    ]

    assert txt(segments) == "Tab here\ntwo lines\n"
    assert list(csv.reader(io.StringIO(tsv(segments)), delimiter="\t")) == [
        ["start", "end", "text"],
        ["0", "1000", "Tab here"],
        ["1500", "2500", "two lines"],
    ]
