from __future__ import annotations

import pytest

from playhead.errors import TooLongError
from playhead.settings import LLMSettings
from worker.engines.writer.room import context_tokens, count_tokens, require_room

SETTINGS = LLMSettings(context_tokens=1000, answer_tokens=300)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("rain", 2),
        ("the rain falls", 5),
        ("2026", 4),
        ("a, b", 3),
        ("a\n\nb", 4),
        ("1    2", 3),
        ("дождь", 5),
        ("雨", 2),
        ("\ud800", 1),
    ],
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_long_text_takes_no_less_than_its_parts() -> None:
    line = "the rain falls on 7 roofs, и снова дождь. "

    assert count_tokens(line * 10_000) == pytest.approx(count_tokens(line * 100) * 100, rel=0.001)


@pytest.mark.parametrize(("asked", "wanted", "given"), [(100, None, 300), (700, None, 268), (100, 800, 800)])
def test_the_answer_gets_what_is_left(asked: int, wanted: int | None, given: int) -> None:
    assert require_room(SETTINGS, asked, wanted) == given


@pytest.mark.parametrize(("asked", "wanted"), [(713, None), (100, 869), (2000, 1)])
def test_what_does_not_fit_is_refused(asked: int, wanted: int | None) -> None:
    with pytest.raises(TooLongError, match="split the text"):
        require_room(SETTINGS, asked, wanted)


def test_what_a_model_thinks_has_its_own_room() -> None:
    thinking = SETTINGS.model_copy(update={"thinking_tokens": 500})

    assert context_tokens(thinking) == 500
    assert require_room(thinking, 100, None) == 300 + 500
    with pytest.raises(TooLongError):
        require_room(thinking, 400, None)
