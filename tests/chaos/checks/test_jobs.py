"""What must hold of all jobs together: each rule finds what is planted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from chaos.checks import jobs
from chaos.checks.jobs import Seen
from chaos.contents import content
from chaos.diary import Asked, Diary, Pause
from chaos.expected import Expected
from chaos.history import Job
from chaos.kinds import Params, digest_of, long
from chaos.verdict import Verdict
from playhead.states import State
from tests.chaos.forged import JOB, Story, asked, diary, job, rules, sound

OTHER = UUID(int=2)
SEEN = Seen("k1", State.SUCCEEDED, "cpu", begun=1002.0, claiming=1005.0, claimed=1006.0, succeeded=1009.0)


def test_an_accepted_job_that_is_not_there_is_found(found: Verdict) -> None:
    jobs.check_accepted({}, diary(), found)
    assert rules(found) == {"accepted"}


def test_a_job_that_its_user_deleted_may_be_gone(found: Verdict) -> None:
    seen = diary()
    seen.wish("delete", JOB)
    jobs.check_accepted({}, seen, found)
    assert rules(found) == set()


def test_a_deleted_job_that_is_back_is_found(found: Verdict) -> None:
    seen = diary()
    seen.confirmed["delete", JOB] += 1
    jobs.check_accepted({JOB: SEEN}, seen, found)
    assert rules(found) == {"deleted"}


def test_a_success_that_was_taken_back_is_found(found: Verdict) -> None:
    seen = diary()
    seen.succeeded.add(JOB)
    jobs.check_accepted({JOB: replace(SEEN, state=State.FAILED)}, seen, found)
    assert rules(found) == {"told"}


@pytest.mark.parametrize(
    ("there", "seen"),
    [
        ({JOB: SEEN}, Diary()),
        ({JOB: SEEN}, diary(asked(refused="invalid", job_id=None))),
        ({OTHER: SEEN}, diary()),
        ({JOB: SEEN, OTHER: SEEN}, diary()),
    ],
    ids=["nobody asked", "it was refused", "another job for the key", "two jobs for one key"],
)
def test_a_job_that_nobody_asked_for_is_found(there: dict[UUID, Seen], seen: Diary, found: Verdict) -> None:
    jobs.check_asked(there, seen, found)
    assert rules(found) == {"asked"}


def test_one_job_for_each_key_is_as_it_should_be(found: Verdict) -> None:
    jobs.check_asked({JOB: SEEN}, diary(), found)
    assert rules(found) == set()


def needing() -> Diary:
    return diary(asked(), Asked("k2", "chaos_quick", {"salt": "s"}, 0, needs=("k1",), needed=(JOB,), job_id=OTHER))


@pytest.mark.parametrize("succeeded", [None, 1020.0])
def test_a_job_that_begins_before_what_it_needs_is_found(succeeded: float | None, found: Verdict) -> None:
    later = replace(SEEN, key="k2", begun=1010.0)
    jobs.check_order({JOB: replace(SEEN, succeeded=succeeded), OTHER: later}, needing(), found)
    assert rules(found) == {"order"}


def test_a_job_that_begins_after_what_it_needs_is_as_it_should_be(found: Verdict) -> None:
    jobs.check_order({JOB: SEEN, OTHER: replace(SEEN, key="k2", begun=1010.0)}, needing(), found)
    assert (rules(found), found.checked["order"]) == (set(), 1)


LEFT = Seen("k2", State.CANCELED, "cpu", code="dependency_failed")


def test_a_job_that_nobody_revived_is_found(found: Verdict) -> None:
    jobs.check_order({JOB: SEEN, OTHER: LEFT}, needing(), found)
    assert rules(found) == {"revived"}


@pytest.mark.parametrize(
    "there",
    [
        {OTHER: LEFT},
        {JOB: replace(SEEN, state=State.FAILED, succeeded=None), OTHER: LEFT},
        {JOB: SEEN, OTHER: replace(LEFT, code="canceled")},
    ],
    ids=["what it needs was deleted", "what it needs failed", "a user canceled it"],
)
def test_a_job_that_cannot_be_revived_stays_canceled(there: dict[UUID, Seen], found: Verdict) -> None:
    jobs.check_order(there, needing(), found)
    assert rules(found) == set()


def refused(code: str = "invalid") -> Diary:
    return diary(asked(), Asked("k2", "chaos_quick", {"salt": "s"}, 0, needs=("k1",), needed=(JOB,), refused=code))


@pytest.mark.parametrize(
    ("seen", "needed"),
    [(refused(), SEEN), (refused("malformed"), replace(SEEN, was_unsuccessful=True))],
    ids=["for nothing", "for another reason"],
)
def test_a_request_that_was_wrongly_refused_is_found(seen: Diary, needed: Seen, found: Verdict) -> None:
    jobs.check_refused({JOB: needed}, seen, found)
    assert rules(found) == {"refused"}


@pytest.mark.parametrize("there", [{}, {JOB: replace(SEEN, was_unsuccessful=True)}], ids=["deleted", "unsuccessful"])
def test_a_request_that_builds_on_what_cannot_succeed_is_refused(there: dict[UUID, Seen], found: Verdict) -> None:
    jobs.check_refused(there, refused(), found)
    assert (rules(found), found.checked["refused"]) == (set(), 1)


def test_a_request_that_was_refused_and_then_accepted_is_accepted(found: Verdict) -> None:
    seen = diary(asked(refused="invalid"))
    jobs.check_refused({JOB: SEEN}, seen, found)
    jobs.check_asked({JOB: SEEN}, seen, found)
    assert rules(found) == set()


def test_a_request_that_was_refused_may_have_been_done_where_another_try_of_it_got_no_answer(found: Verdict) -> None:
    """What it builds on was retried between the refusal and the other try."""
    seen = diary(asked(refused="invalid", job_id=None, unheard=True))
    jobs.check_asked({JOB: SEEN}, seen, found)
    assert rules(found) == set()
    jobs.check_asked({JOB: SEEN, OTHER: SEEN}, seen, found)
    assert rules(found) == {"asked"}


@pytest.mark.parametrize(
    ("pause", "broken"),
    [
        (Pause("cpu", 1004.0, 1010.0), {"pauses"}),
        (Pause("io", 1004.0, 1010.0), set()),
        (Pause("cpu", 1005.5, 1010.0), set()),
        (Pause("cpu", 1004.0, 1005.5), set()),
    ],
    ids=["in it", "in another queue's", "maybe before it", "maybe after it: its worker was frozen within the claim"],
)
def test_a_job_begun_in_a_pause_is_found(pause: Pause, broken: set[str], found: Verdict) -> None:
    seen = diary()
    seen.pauses = [pause]
    jobs.check_pauses({JOB: SEEN}, seen, found)
    assert rules(found) == broken


async def test_every_job_is_held_against_every_rule(found: Verdict) -> None:
    asks = diary()
    made = await Expected(asks.asked).of(asks.asked["k1"])
    assert made is not None

    async def told() -> AsyncIterator[Job]:
        yield job(sound())

    checked = [seen async for _, seen in jobs.check_jobs(told(), asks, found)]
    assert rules(found) == {"outputs"}  # Forged outputs are not what its input determines.
    assert checked == [replace(SEEN, succeeded=checked[0].succeeded)]


def test_of_a_job_its_ends_without_success_are_seen() -> None:
    story = Story().queued().claimed(7).step(State.FAILED, 1, code="worker_lost", of=1)
    assert Seen.of(job(story)) == Seen(
        "k1", State.FAILED, "cpu", "worker_lost", begun=1002.0, claiming=1005.0, claimed=1002.0, was_unsuccessful=True
    )
    assert Seen.of(job(story.queued().claimed(8).succeeded())).was_unsuccessful
    assert not Seen.of(job(sound())).was_unsuccessful


async def test_what_a_job_must_make_follows_from_what_was_asked() -> None:
    first = asked(kind="transcribe", params={})
    second = Asked("k2", "chaos_quick", {"salt": "s"}, None, takes=("k1", "transcript.txt"))
    expected = Expected({"k1": first, "k2": second})
    made = [await expected.of(one) for one in (first, second)]
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].items == 14
    assert set(made[0].outputs) == {f"transcript.{name}" for name in ("json", "txt", "srt", "vtt", "tsv")}
    params = Params(salt="s", steps=1)
    assert made[1].result == digest_of(long(params, made[0].outputs["transcript.txt"].sha256))
    assert await expected.of(asked(kind="chaos_wrong")) is None
    assert content(0).startswith(b"RIFF")
