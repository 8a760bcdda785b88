from __future__ import annotations

from dataclasses import replace

import pytest

from model.__main__ import fault, main
from model.circles import Circles
from model.liveness import may_go_on
from model.rules import Guard, Rules, Trouble
from model.search import Searched, Ways, search
from model.step import Promise
from model.worlds import WORLDS

TWO = Rules(may=frozenset({Trouble.CRASH, Trouble.LATE}))
FRAIL = Rules(workers=1, may=frozenset({Trouble.CRASH}))
DEAF = Rules(workers=1, may=frozenset({Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.UNWRITTEN}))
LEFT = Rules(workers=1, may=frozenset({Trouble.REFUSED, Trouble.LEFT}))
STOPPED = Rules(workers=1, may=frozenset({Trouble.SIGTERM, Trouble.LATE}))
HEART = Rules(workers=1, places=2, may=frozenset({Trouble.LATE, Trouble.ANSWER_LOST, Trouble.SLOW_HEART}))
PEOPLE = WORLDS["one worker, a paused queue, a job that expires"]
QUICK = ["one worker, a paused queue, a job that expires", "two jobs, one worker that dies"]

NOT_THE_HOLDERS = "by a run that does not hold the job"
NO_TICKET = "queued, and no ticket tells of it"
DEAD_END = "a dead end"

NEEDED = {
    Guard.CLAIM_STATE: (TWO, "illegal step running -> running"),
    Guard.CLAIM_PAUSED: (PEOPLE, "begun in a paused queue"),
    Guard.CLAIM_IN_TIME: (PEOPLE, "begun after its expires_at"),
    Guard.TAKEN_UP_ALONE: (HEART, "held by two runs at once"),
    Guard.FRESH_LEASE: (TWO, "held by two runs at once"),
    Guard.COUNTED_AT_CLAIM: (TWO, "0 attempts counted, 1 begun"),
    Guard.FENCED_SETTLE: (TWO, f"an end {NOT_THE_HOLDERS}"),
    Guard.FENCED_GIVE_BACK: (STOPPED, f"an end {NOT_THE_HOLDERS}"),
    Guard.FENCED_CHECKPOINT: (TWO, f"a checkpoint {NOT_THE_HOLDERS}"),
    Guard.FENCED_TAKE_BACK: (HEART, "took back a run that it knew nothing of"),
    Guard.FROM_CHECKPOINT: (TWO, "the checkpoint goes back"),
    Guard.ONE_SETTLE: (TWO, "running, and its outputs were written 1 times"),
    Guard.ENDED_STAYS: (PEOPLE, "illegal step canceled -> canceled"),
    Guard.SUCCESS_STAYS: (PEOPLE, "illegal step succeeded -> queued"),
    Guard.LAST_ATTEMPT: (TWO, "more attempts than it has"),
    Guard.LAST_RESCUE: (TWO, "more attempts than it has"),
    Guard.GIVEN_BACK_FREE: (STOPPED, "1 attempts counted, 0 begun"),
    Guard.ONE_ISSUE: (TWO, NO_TICKET),
    Guard.SPENT_AFTER_LOOK: (TWO, NO_TICKET),
    Guard.PUT_BACK: (LEFT, NO_TICKET),
    Guard.RESUME_ISSUES: (PEOPLE, NO_TICKET),
    Guard.RESCUE: (FRAIL, DEAD_END),
    Guard.TAKE_BACK: (DEAF, DEAD_END),
    Guard.QUEUE_DUE: (PEOPLE, DEAD_END),
    Guard.EXPIRE: (PEOPLE, DEAD_END),
    Guard.IN_HAND: (HEART, "took back a run that is in hand"),
    Guard.LOOKED_AT: (HEART, "stopped a run that holds its job"),
}
"""What goes wrong without each guard, and where it is seen."""

PAIRS = {
    (Guard.FENCE_ON_STATE, Guard.LEASE_RELEASED): (PEOPLE, NOT_THE_HOLDERS),
    (Guard.REISSUE_STRANDED, Guard.REISSUE_MISSING): (FRAIL, DEAD_END),
    (Guard.LEFT_ENDED, Guard.REISSUE_MISSING): (LEFT, DEAD_END),
}
"""Guards of which one may go while the other stands, and what goes wrong without both."""


def without(rules: Rules, *guards: Guard) -> Searched:
    return search(replace(rules, without=frozenset(guards)))


def test_the_worlds_of_make_model_hold(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick ones of them: ``make check`` searches all."""
    monkeypatch.setattr("model.__main__.WORLDS", {name: WORLDS[name] for name in QUICK})
    assert main() == 0
    assert "every job ends" in capsys.readouterr().out


def test_every_guard_is_tried() -> None:
    assert set(Guard) == NEEDED.keys() | {guard for pair in PAIRS for guard in pair}


@pytest.mark.parametrize("rules", [TWO, DEAF, LEFT, STOPPED, FRAIL], ids=["two", "deaf", "left", "stopped", "frail"])
def test_with_every_guard_no_rule_is_broken(rules: Rules) -> None:
    assert fault(search(rules)) == []


@pytest.mark.parametrize("guard", NEEDED, ids=lambda guard: guard.name)
def test_without_one_guard_a_rule_is_broken(guard: Guard) -> None:
    rules, wrong = NEEDED[guard]
    *way, told = fault(without(rules, guard))
    assert wrong in told
    assert way


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(guard.name for guard in pair))
def test_of_two_guards_either_is_enough_and_one_is_needed(pair: tuple[Guard, Guard]) -> None:
    rules, wrong = PAIRS[pair]
    assert [fault(without(rules, guard)) for guard in pair] == [[], []]
    assert wrong in fault(without(rules, *pair))[-1]


def test_a_way_to_a_broken_rule_is_told_step_by_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was taken for dead writes its end: the shortest way to what the fence is there for."""
    monkeypatch.setattr("model.__main__.WORLDS", {"no fence": replace(TWO, without=frozenset({Guard.FENCED_SETTLE}))})
    assert main() == 1
    told = capsys.readouterr().out
    assert "rescued, though its worker lives" in told
    assert NOT_THE_HOLDERS in told


def test_a_circle_is_endless_unless_a_promise_leads_out_of_it_all_the_time() -> None:
    """No guard taken away makes one: so here are some by hand."""
    fetch, look, out = (Promise.FETCH, 1), (Promise.LOOK, 0), (Promise.RESCUE, 2)
    closed: list[Ways] = [[fetch], [look], []]
    always_open: list[Ways] = [[fetch, out], [look, out], []]
    open_at_times: list[Ways] = [[fetch, out], [look], []]
    for ways, endless in ((closed, True), (always_open, False), (open_at_times, True)):
        (circle,) = Circles(ways).all()
        assert circle == {0, 1}
        assert may_go_on(circle, ways) == endless
