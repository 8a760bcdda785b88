"""No question is left out: whatever asks the database is asked in the test of the plans."""

from __future__ import annotations

import playhead
from playhead.ledger import read
from tests.plans.asked import asking, reached
from tests.plans.questions import QUESTIONS


def test_whatever_may_be_asked_is_asked() -> None:
    left_out = asking(playhead) - reached(QUESTIONS.values())
    assert not {f"{one.__module__}.{one.__name__}" for one in left_out}


def test_a_question_that_is_taken_away_is_missed() -> None:
    others = [question for name, question in QUESTIONS.items() if name != "its news"]
    assert {read.news_since} == asking(playhead) & (reached(QUESTIONS.values()) - reached(others))
