from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from model import ledger, looks
from model.__main__ import fault, main
from model.circles import Circles
from model.liveness import may_go_on
from model.rules import Guard, Rules, Trouble
from model.search import Searched, Ways, search
from model.step import Promise, Step
from model.world import Job, Look, Phase, World
from model.worlds import WORLDS
from playhead.states import State

TWO = Rules(may=frozenset({Trouble.CRASH, Trouble.LATE}))
FRAIL = Rules(workers=1, may=frozenset({Trouble.CRASH}))
DEAF = Rules(workers=1, may=frozenset({Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.UNWRITTEN}))
LEFT = Rules(workers=1, may=frozenset({Trouble.REFUSED, Trouble.LEFT}))
STOPPED = Rules(workers=1, may=frozenset({Trouble.SIGTERM, Trouble.LATE}))
HEART = Rules(workers=1, places=2, may=frozenset({Trouble.LATE, Trouble.ANSWER_LOST, Trouble.SLOW_HEART}))
OUTAGE = Rules(workers=1, places=2, may=frozenset({Trouble.LATE, Trouble.REFUSED}))
BROKEN_LOOP = Rules(workers=1, places=2, may=frozenset({Trouble.LET_GO, Trouble.REFUSED}))
TWO_STOPPED = Rules(max_attempts=1, may=frozenset({Trouble.SIGTERM, Trouble.ANSWER_LOST}))
SLOW_TAKE_BACK = Rules(workers=1, may=frozenset({Trouble.REFUSED, Trouble.UNWRITTEN, Trouble.SLOW_HEART}))
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
    Guard.TAKEN_UP_UNCHOSEN: (SLOW_TAKE_BACK, "took back a run that is in hand"),
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

OTHERWISE = [
    (Guard.TAKEN_UP_ALONE, OUTAGE, "held by two runs at once"),
    (Guard.TAKEN_UP_ALONE, BROKEN_LOOP, "held by two runs at once"),
    (Guard.FENCED_GIVE_BACK, TWO_STOPPED, f"an end {NOT_THE_HOLDERS}"),
]
"""Other ways in which some of them are needed: after a mere outage, or without anybody taken for dead."""

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


@pytest.mark.parametrize("trouble", [Trouble.SIGTERM, Trouble.LET_GO, Trouble.LEFT, Trouble.UNWRITTEN])
def test_what_befalls_a_worker_meets_another_look_and_another_worker(trouble: Trouble) -> None:
    met = [rules for rules in WORLDS.values() if trouble in rules.may]
    assert any(rules.places > 1 for rules in met)
    assert any(rules.workers > 1 for rules in met)


def test_every_guard_is_tried() -> None:
    assert set(Guard) == NEEDED.keys() | {guard for pair in PAIRS for guard in pair}


HOLD = {
    "two": TWO,
    "deaf": DEAF,
    "left": LEFT,
    "stopped": STOPPED,
    "frail": FRAIL,
    "outage": OUTAGE,
    "broken loop": BROKEN_LOOP,
    "two stopped": TWO_STOPPED,
    "slow take-back": SLOW_TAKE_BACK,
}


@pytest.mark.parametrize("name", HOLD)
def test_with_every_guard_no_rule_is_broken(name: str) -> None:
    assert fault(search(HOLD[name])) == []


@pytest.mark.parametrize("guard", NEEDED, ids=lambda guard: guard.name)
def test_without_one_guard_a_rule_is_broken(guard: Guard) -> None:
    rules, wrong = NEEDED[guard]
    *way, told = fault(without(rules, guard))
    assert wrong in told
    assert way


@pytest.mark.parametrize(("guard", "rules", "wrong"), OTHERWISE)
def test_one_guard_is_needed_in_several_ways(guard: Guard, rules: Rules, wrong: str) -> None:
    assert wrong in fault(without(rules, guard))[-1]


def test_a_job_given_back_unheard_is_not_given_back_again_while_another_runs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fence that asks for the state alone lets it through."""
    monkeypatch.setattr(ledger, "fenced", lambda job, *_: job.state is State.RUNNING)
    *way, wrong = fault(search(TWO_STOPPED))
    assert NOT_THE_HOLDERS in wrong
    unheard = next(place for place, step in enumerate(way) if "giving back is written, and it never hears" in step)
    assert any("claims job" in step for step in way[unheard:])
    assert "giving back is written" in way[-1]


def _spent_before_its_end(world: World) -> bool:
    (job,), looks = world.jobs, [look for worker in world.workers for look in worker.looks]
    spent = [look for look in looks if look.phase is Phase.SUCCESS and not look.ticket and look.lease == job.lease]
    return bool(spent) and not (job.todo or job.stranded)


def test_a_worker_may_die_when_it_has_spent_the_ticket_of_work_whose_end_is_not_written() -> None:
    """Nothing tells of the job then but its own row: it is rescued, and succeeds."""
    found = search(FRAIL)
    spent = [number for number, world in enumerate(found.worlds) if _spent_before_its_end(world)]
    after = {step for number in spent for _, step in found.ways[number]}
    assert any(not any(worker.looks for worker in found.worlds[number].workers) for number in after)
    assert fault(found) == []


@pytest.mark.heavy
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


def _refused(job: Job, look: Look, rules: Rules, settle: Callable[..., Job | None] = ledger.settle) -> Job | None:
    return None if look.phase is Phase.SUCCESS else settle(job, look, rules)


def test_a_ledger_that_refuses_every_success_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its jobs end all the same, as dead letters."""
    monkeypatch.setattr(ledger, "settle", _refused)
    assert "job 0: an attempt is left" in fault(search(FRAIL))[-1]


def _fruitless(
    world: World, rules: Rules, w: int, place: int, works: Callable[..., Iterator[Step]] = looks._works
) -> Iterator[Step]:
    return (step for step in works(world, rules, w, place) if "the work succeeds" not in step.what)


def test_failing_is_nobodys_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that can only fail, or go on for ever, leads nowhere."""
    monkeypatch.setattr(looks, "_works", _fruitless)
    assert DEAD_END in fault(search(FRAIL))[-1]


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
