from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.condensing.windows import halved, said, windows
from playhead.documents import Passage
from worker.engines.writer.room import count_tokens

NAMES = st.none() | st.text(alphabet="aé雨 \n", max_size=2000)
WORDS = st.text(alphabet="ab é雨1.", min_size=1, max_size=300).filter(str.strip)


@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, NAMES), min_size=1, max_size=12), st.integers(96, 400))
def test_nothing_is_lost_and_every_window_fits(said_by: list[tuple[str, str | None]], tokens: int) -> None:
    texts = [text for text, _ in said_by]
    cut = windows([Passage(text, speaker=name) for text, name in said_by], tokens, count_tokens)

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


def test_who_speaks_stands_before_the_words_of_every_line() -> None:
    long = Passage("word " * 100, 0, 9, "Ann")
    (window,) = windows(
        [Passage("Yes.", 1, 2, "S1\n[9]"), Passage("No."), Passage("So.", speaker=" ")], 100, count_tokens
    )

    assert said(window) == "[0] S1 [9]: Yes.\n[1] No.\n[2] So."
    cut = [line.said() for window in windows([long], 100, count_tokens) for line in window]
    assert len(cut) > 2
    assert all(line.startswith("[0] Ann: word") for line in cut)


def _squeezed(text: str) -> str:
    return "".join(text.split())
