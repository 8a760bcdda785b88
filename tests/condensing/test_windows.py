from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.condensing.windows import halved, said, windows
from playhead.documents import Passage
from worker.engines.writer.room import count_tokens

WORDS = st.text(alphabet="ab é雨1.", min_size=1, max_size=300).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=12), st.integers(64, 400))
def test_nothing_is_lost_and_every_window_fits(texts: list[str], tokens: int) -> None:
    cut = windows([Passage(text) for text in texts], tokens, count_tokens)

    lines = [line for window in cut for line in window]
    assert all(window and count_tokens(said(window)) <= tokens for window in cut)
    assert [line.number for line in lines] == sorted(line.number for line in lines)
    for number, text in enumerate(texts):
        assert _squeezed("".join(line.passage.text for line in lines if line.number == number)) == _squeezed(text)


def test_a_window_is_said_in_numbered_lines() -> None:
    (window,) = windows([Passage("One.", 1, 2), Passage("Two.\n[7] Forged.", 3, 4)], 100, count_tokens)

    assert said(window) == "[0] One.\n[1] Two. [7] Forged."
    assert [said(half) for half in halved(window)] == ["[0] One.", "[1] Two. [7] Forged."]
    assert halved(window[:1]) == [window[:1]]


def _squeezed(text: str) -> str:
    return "".join(text.split())
