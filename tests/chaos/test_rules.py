"""A checker that cannot fail proves nothing: each rule finds what is planted, and finds nothing in a sound history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.history import Job, Output
from chaos.kinds import STEP_DEVICE_SECONDS
from chaos.rules import RULES
from playhead.states import State
from tests.chaos.forged import JOB, Story, asked, broken, diary, job, sound


def test_a_sound_history_breaks_nothing() -> None:
    assert broken(job(sound())) == set()


def given_back() -> Story:
    """A shutdown after an earlier loss, whose error the row still shows."""
    lost = Story().queued().claimed(7).told(1, 2).lost().claimed(8, attempt=2).told(3)
    return lost.queued(1, "worker_lost", 1).claimed(9, attempt=2).told(4).succeeded(attempt=2)


def test_a_give_back_costs_no_attempt() -> None:
    assert broken(job(given_back())) == set()


def retried() -> Story:
    first = Story().queued().claimed(7).step(State.FAILED, 1, code="worker_lost", of=1)
    return first.queued().claimed(8).told(1, 2, 3, 4).succeeded()


def test_a_retry_by_hand_begins_anew() -> None:
    cost = {"gpu_seconds": 4 * STEP_DEVICE_SECONDS, "audio_seconds": 4.0}
    assert broken(job(retried(), max_attempts=1, **cost)) == set()


def backed_off() -> Story:
    first = Story().queued().claimed(7).told(1, 2).step(State.WAITING, 1, code="unavailable", of=1)
    return first.queued(1, "unavailable", 1).claimed(8, attempt=2).told(3, 4).succeeded(attempt=2)


def test_a_failed_attempt_accounts_what_it_used() -> None:
    assert broken(job(backed_off(), gpu_seconds=1.0, audio_seconds=4.0)) == set()


def ended(state: State, code: str, attempt: int = 1) -> Story:
    return Story().queued().claimed(7).told(1, 2).step(state, attempt, code=code, of=attempt)


def unpaid(story: Story, **changed: object) -> Job:
    """The job of a story of which nothing was accounted."""
    return job(story, **{"gpu_seconds": 0.0, "audio_seconds": 0.0} | changed)


PLANTED: dict[str, tuple[Job, set[str]]] = {
    "still running": (job(Story().queued().claimed(7).told(1, 2), lease=7), {"terminal", "cost"}),
    "ended without a word": (job(sound(), state=State.FAILED, outputs=[], code="worker_lost"), {"terminal", "ends"}),
    "another attempt than told": (job(sound(), attempt=1), {"terminal"}),
    "a lease after the end": (job(sound(), lease=9), {"terminal"}),
    "no history at all": (unpaid(sound(), events=[]), {"terminal", "checkpoints"}),
    "begun as running": (job(Story(sound().events[1:])), {"steps"}),
    "done while it waits": (
        job(Story().queued().succeeded(attempt=0), gpu_seconds=0.0, audio_seconds=0.0),
        {"steps", "checkpoints"},
    ),
    "done twice": (job(sound().succeeded(attempt=2)), {"steps", "once", "attempts"}),
    "done again after its end": (
        job(sound().queued(2).claimed(11, attempt=3).succeeded(attempt=3)),
        {"steps", "once", "attempts"},
    ),
    "a lease that does not grow": (
        job(Story().queued().claimed(9).told(1, 2).lost().claimed(7, attempt=2).told(3, 4).succeeded(attempt=2)),
        {"leases"},
    ),
    "two runs with one lease": (
        job(Story().queued().claimed(9).told(1, 2).lost().claimed(9, attempt=2).told(3, 4).succeeded(attempt=2)),
        {"leases"},
    ),
    "a loss for nothing": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9).told(3, 4).succeeded()),
        {"attempts"},
    ),
    "a loss that costs two": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9, attempt=3).told(3, 4).succeeded(attempt=3)),
        {"attempts"},
    ),
    "a give-back that costs one": (
        unpaid(Story().queued().claimed(7).told(1, 2).queued(1).claimed(9, attempt=2).told(3, 4).succeeded(attempt=2),
               gpu_seconds=4 * STEP_DEVICE_SECONDS, audio_seconds=4.0),
        {"attempts"},
    ),
    "more attempts than allowed": (job(sound(), max_attempts=1), {"attempts"}),
    "told by a zombie": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9, 2).told(3, 4).told(3, lease=7).succeeded(2)),
        {"zombies"},
    ),
    "told between two runs": (
        job(Story().queued().claimed(7).told(1, 2).lost().told(3).claimed(9, 2).told(3, 4).succeeded(2)),
        {"zombies"},
    ),
    "told after the end": (job(sound().told(5)), {"zombies"}),
    "no output": (job(sound(), outputs=[]), {"outputs"}),
    "an output twice": (job(sound(), outputs=[Output("digest.txt", "ab", 64)] * 2), {"outputs"}),
    "an output too many": (
        job(sound(), outputs=[Output("digest.txt", "ab", 64), Output("more.txt", "ab", 64)]),
        {"outputs"},
    ),
    "other bytes": (job(sound(), outputs=[Output("digest.txt", "ee", 64)]), {"outputs"}),
    "another result": (job(sound(), sha256="ee"), {"outputs"}),
    "an output of a failed job": (
        unpaid(ended(State.FAILED, "worker_lost"), max_attempts=1, outputs=[Output("digest.txt", "ab", 64)]),
        {"outputs"},
    ),
    "a lost run that is paid for": (
        job(sound(), gpu_seconds=4 * STEP_DEVICE_SECONDS, audio_seconds=4.0),
        {"cost"},
    ),
    "paid twice": (job(sound(), audio_seconds=4.0), {"cost"}),
    "a step done again": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9, 2).told(2, 3, 4).succeeded(2),
            gpu_seconds=3 * STEP_DEVICE_SECONDS, audio_seconds=3.0),
        {"checkpoints"},
    ),
    "a step left out": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9, 2).told(4).succeeded(2),
            gpu_seconds=STEP_DEVICE_SECONDS, audio_seconds=1.0),
        {"checkpoints"},
    ),
    "a step told twice by one run": (
        job(Story().queued().claimed(7).told(1, 2).lost().claimed(9, 2).told(3, 3, 4).succeeded(2),
            gpu_seconds=3 * STEP_DEVICE_SECONDS, audio_seconds=3.0),
        {"checkpoints"},
    ),
    "failed too early": (unpaid(ended(State.FAILED, "worker_lost")), {"ends"}),
    "failed with what it cannot": (
        job(ended(State.FAILED, "media_unreadable")),
        {"ends"},
    ),
    "failed without an error": (job(Story().queued().claimed(7).told(1, 2).step(State.FAILED, 1)), {"ends"}),
    "kept by a stranger": (job(sound(), kept_by=8), {"checkpoints"}),
    "failed more often than asked": (
        job(Story().queued().claimed(7).told(1, 2).step(State.WAITING, 1, code="url_unreachable", of=1)
            .queued(1, "url_unreachable", 1).claimed(9, 2).told(3, 4).succeeded(2),
            gpu_seconds=4 * STEP_DEVICE_SECONDS, audio_seconds=4.0),
        {"failures"},
    ),
    "canceled by nobody": (unpaid(ended(State.CANCELED, "canceled")), {"ends"}),
    "canceled for a dependency that it has not": (unpaid(ended(State.CANCELED, "dependency_failed")), {"ends"}),
    "expired without a deadline": (
        unpaid(Story().queued().step(State.EXPIRED, 0, code="expired", of=0)),
        {"ends"},
    ),
    "a bug": (
        job(Story().queued().claimed(7).told(1, 2).step(State.WAITING, 1, code="internal", of=1)
            .queued(1, "internal", 1).claimed(9, 2).told(3, 4).succeeded(2),
            gpu_seconds=4 * STEP_DEVICE_SECONDS, audio_seconds=4.0),
        {"bugs"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    row, rules = PLANTED[name]
    assert broken(row) == rules


def test_every_rule_can_be_broken() -> None:
    found = set().union(*(broken(row) for row, _ in PLANTED.values()), {"in_time", "confirmed"})
    assert found == {rule.__name__ for rule in RULES}


def test_a_job_begun_before_its_time_is_found() -> None:
    assert broken(job(sound()), by=asked(run_at=1003.0)) == {"in_time"}
    assert broken(job(sound()), by=asked(run_at=1001.0)) == set()


def test_a_job_begun_after_its_deadline_is_found() -> None:
    story = Story().queued().claimed(7).told(1, 2, 3, 4).succeeded()
    paid = {"gpu_seconds": 4 * STEP_DEVICE_SECONDS, "audio_seconds": 4.0}
    assert broken(job(story, expires_at=1004.0, started_at=1005.0, **paid)) == {"in_time"}
    assert broken(job(story, expires_at=1006.0, started_at=1005.0, **paid)) == set()


def test_a_job_that_expires_though_it_had_begun_is_found() -> None:
    story = Story().queued().claimed(7).told(1, 2).lost().step(State.EXPIRED, 1, code="expired", of=0)
    assert broken(unpaid(story), by=asked(expires_in_seconds=1.0)) == {"in_time"}


def test_what_a_user_did_explains_an_end() -> None:
    seen = diary()
    seen.wish("cancel", JOB)
    assert broken(unpaid(ended(State.CANCELED, "canceled")), seen=seen) == set()


def test_a_kind_that_cannot_succeed_does_not() -> None:
    assert broken(job(sound()), made=None) == {"outputs"}


def test_a_transient_loss_at_the_last_attempt_is_an_end() -> None:
    story = ended(State.FAILED, "worker_lost")
    assert broken(unpaid(story, max_attempts=1)) == set()
    assert broken(replace(unpaid(story), max_attempts=2)) == {"ends"}


def test_a_checkpoint_of_a_run_of_its_own_is_as_it_should_be() -> None:
    assert broken(job(sound(), kept_by=9)) == set()


def failed_on_purpose(*, times: int) -> Story:
    story = Story().queued()
    for attempt in range(1, times + 1):
        story = story.claimed(attempt, attempt).step(State.WAITING, attempt, code="url_unreachable", of=attempt)
        story = story.queued(attempt, "url_unreachable", attempt)
    given_back = story.claimed(8, times + 1).queued(times, "url_unreachable", times)
    return given_back.claimed(9, times + 1).succeeded(times + 1)


def test_a_job_fails_on_purpose_as_often_as_it_is_asked_to() -> None:
    """What it is given back with is the error of an earlier attempt: it counts once."""
    by = asked(kind="chaos_flaky", params={"salt": "s", "failures": 2})
    row = unpaid(failed_on_purpose(times=2), kind="chaos_flaky")
    assert broken(row, by=by) == set()
    assert broken(row, by=asked(kind="chaos_flaky", params={"salt": "s", "failures": 1})) == {"failures"}


@pytest.mark.parametrize("wish", ["cancel", "skip", "retry"])
def test_what_was_confirmed_and_not_done_is_found(wish: str) -> None:
    seen = diary()
    seen.confirmed[wish, JOB] += 1
    assert broken(job(sound()), seen=seen) == {"confirmed"}


def test_what_was_confirmed_and_done_is_as_it_should_be() -> None:
    canceled = Story().queued().claimed(7).step(State.CANCELED, 1, code="canceled", of=1)
    skipped = canceled.queued().step(State.SKIPPED, 0, code="skipped", of=0)
    retried = skipped.step(State.WAITING, 0).queued().claimed(8).told(1, 2, 3, 4).succeeded()
    row = job(retried, gpu_seconds=4 * STEP_DEVICE_SECONDS, audio_seconds=4.0)
    seen = diary()
    seen.confirmed.update({("cancel", JOB): 1, ("skip", JOB): 1, ("retry", JOB): 2})
    assert broken(row, seen=seen) == set()
    seen.confirmed["cancel", JOB] += 1
    assert broken(row, seen=seen) == {"confirmed"}


def test_a_cancel_that_follows_from_another_jobs_end_is_nobodys() -> None:
    seen = diary()
    seen.wish("cancel", JOB)
    seen.confirmed["cancel", JOB] += 1
    story = Story().step(State.WAITING, 0).step(State.CANCELED, 0, code="dependency_failed", of=0)
    assert broken(unpaid(story), by=asked(needs=("k0",)), seen=seen) == {"confirmed"}
