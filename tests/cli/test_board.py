"""Progress, for people and for logs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.board import Bars, Lines, clock, left, show_news
from cli.recordings import recordings
from cli.views import News


def lines(*shown: tuple[str, float | None]) -> list[str]:
    text = io.StringIO()
    with Lines(Console(file=text)) as board:
        for stage, fraction in shown:
            board.show("[talk]", stage, fraction)
    return text.getvalue().splitlines()


def test_a_line_for_every_tenth_and_every_stage() -> None:
    told = lines(
        ("uploading", 0.5), ("transcribing", 0.0), ("transcribing", 0.05), ("transcribing", 0.11), ("done", None)
    )
    assert told == ["[talk]: uploading, 50%", "[talk]: transcribing, 0%", "[talk]: transcribing, 11%", "[talk]: done"]


def test_bars_show_name_stage_share_and_time_left() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, color_system=None)
    with Bars(console) as board:
        board.show("[talk]", "transcribing", 0.25, 65)
        board.show("other", "in the queue")
    shown = text.getvalue()
    for part in ("[talk]", "25%", "transcribing", "1:05 left", "other", "in the queue"):
        assert part in shown


def test_news_of_unknown_kinds_are_passed_over() -> None:
    text = io.StringIO()
    with Lines(Console(file=text)) as board:
        show_news(board, "talk", News("1", "segment", {"text": "Hello"}))
        show_news(board, "talk", News("2", "progress", {"progress": 0.5, "eta_seconds": None}))
    assert text.getvalue() == "talk: running, 50%\n"


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.2, "1:00"), (3600, "1:00:00"), (3725, "1:02:05")])
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
    assert left(seconds) == f"{shown} left"


def test_recordings_of_one_name_get_stems_of_their_own() -> None:
    found = recordings(["https://a.example/talk.mp3", "https://b.example/talk.ogg?x=1", "http://c.example/"])
    assert [(one.name, one.stem) for one in found] == [
        ("talk.mp3", "talk"),
        ("talk.ogg", "talk-2"),
        ("c.example", "c"),
    ]
