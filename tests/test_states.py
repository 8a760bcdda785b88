from __future__ import annotations

from pathlib import Path

from cli.states_page import page
from playhead.states import FIRST, STEPS, TERMINAL, TRANSITIONS, Attempt, State

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_is_current() -> None:
    assert (DOCS / "states.md").read_text() == "\n".join(page()) + "\n", "run `make docs`"


def test_every_transition_has_a_name_of_its_own() -> None:
    assert len({step.name for step in TRANSITIONS}) == len(TRANSITIONS)


def test_every_state_can_be_reached_and_every_one_but_success_left() -> None:
    reached, left = set(FIRST), set(FIRST)
    while left:
        left = {after for state in left for after in STEPS[state]} - reached
        reached |= left
    assert reached == set(State)
    assert {state for state in State if not STEPS[state]} == {State.SUCCEEDED}


def test_what_has_ended_runs_again_only_with_all_its_attempts() -> None:
    for step in TRANSITIONS:
        if step.before & TERMINAL and step.after is State.QUEUED:
            assert step.attempt is Attempt.RESET


def test_only_a_claim_counts_an_attempt_and_begins_a_lease() -> None:
    (claim,) = (step for step in TRANSITIONS if step.attempt is Attempt.COUNTED)
    assert [step for step in TRANSITIONS if step.takes_lease] == [claim]


def test_only_the_run_itself_gives_an_attempt_back() -> None:
    assert {step.fenced for step in TRANSITIONS if step.attempt is Attempt.RETURNED} == {True}
