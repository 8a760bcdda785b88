"""What must hold of a whole run: each rule finds what is planted."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from chaos import verdict
from chaos.contents import content
from chaos.diary import Asked, Diary, Pause
from chaos.expected import Expected
from chaos.history import Job
from chaos.kinds import Params, digest_of, long
from chaos.monkey import Done
from chaos.plan import Fault
from chaos.process import Life
from chaos.verdict import Lost, Seen, Verdict
from playhead.states import State
from playhead.storage import Storage
from tests.chaos.forged import JOB, asked, diary, job, sound

OTHER = UUID(int=2)
SEEN = Seen("k1", State.SUCCEEDED, "cpu", began=1002.0, succeeded=1009.0, started_at=1005.0)


def rules(found: Verdict) -> set[str]:
    return {one.rule for one in found.violations}


@pytest.fixture
def found() -> Verdict:
    return Verdict()


def test_an_accepted_job_that_is_not_there_is_found(found: Verdict) -> None:
    verdict.check_accepted({}, diary(), found)
    assert rules(found) == {"accepted"}


def test_a_job_that_its_user_deleted_may_be_gone(found: Verdict) -> None:
    seen = diary()
    seen.deleted.add(JOB)
    verdict.check_accepted({}, seen, found)
    assert rules(found) == set()


def test_a_deleted_job_that_is_back_is_found(found: Verdict) -> None:
    seen = diary()
    seen.gone.add(JOB)
    verdict.check_accepted({JOB: SEEN}, seen, found)
    assert rules(found) == {"deleted"}


def test_a_success_that_was_taken_back_is_found(found: Verdict) -> None:
    seen = diary()
    seen.succeeded.add(JOB)
    verdict.check_accepted({JOB: replace(SEEN, state=State.FAILED)}, seen, found)
    assert rules(found) == {"told"}


@pytest.mark.parametrize(
    ("jobs", "seen"),
    [
        ({JOB: SEEN}, Diary()),
        ({JOB: SEEN}, diary(asked(refused="invalid", job_id=None))),
        ({OTHER: SEEN}, diary()),
        ({JOB: SEEN, OTHER: SEEN}, diary()),
    ],
    ids=["nobody asked", "it was refused", "another job for the key", "two jobs for one key"],
)
def test_a_job_that_nobody_asked_for_is_found(jobs: dict[UUID, Seen], seen: Diary, found: Verdict) -> None:
    verdict.check_asked(jobs, seen, found)
    assert rules(found) == {"asked"}


def test_one_job_for_each_key_is_as_it_should_be(found: Verdict) -> None:
    verdict.check_asked({JOB: SEEN}, diary(), found)
    assert rules(found) == set()


def needing() -> Diary:
    return diary(asked(), Asked("k2", "chaos_quick", {"salt": "s"}, 0, needs=("k1",), job_id=OTHER))


@pytest.mark.parametrize("succeeded", [None, 1020.0])
def test_a_job_that_begins_before_what_it_needs_is_found(succeeded: float | None, found: Verdict) -> None:
    later = replace(SEEN, key="k2", began=1010.0)
    verdict.check_order({JOB: replace(SEEN, succeeded=succeeded), OTHER: later}, needing(), found)
    assert rules(found) == {"order"}


def test_a_job_that_begins_after_what_it_needs_is_as_it_should_be(found: Verdict) -> None:
    verdict.check_order({JOB: SEEN, OTHER: replace(SEEN, key="k2", began=1010.0)}, needing(), found)
    assert (rules(found), found.checked["order"]) == (set(), 1)


def test_a_job_begun_in_a_pause_is_found(found: Verdict) -> None:
    seen = diary()
    seen.pauses = [Pause("cpu", 1006.0, 1010.0), Pause("io", 1000.0, 1010.0)]
    verdict.check_pauses({JOB: SEEN}, seen, found)
    assert rules(found) == set()
    seen.pauses.append(Pause("cpu", 1004.0, 1010.0))
    verdict.check_pauses({JOB: SEEN}, seen, found)
    assert rules(found) == {"pauses"}


def life(status: int, *sent: signal.Signals, poisoned: bool = False, said: bool = True) -> Life:
    log = Path(__file__) if said else Path(os.devnull)
    made = Life(1, began=1000.0, log=log, ended=2000.0, status=status, poisoned=poisoned)
    made.sent = [(1100.0, number) for number in sent]
    return made


@pytest.mark.parametrize(
    "bad",
    [
        life(0),
        life(1),
        life(-9),
        life(-11),
        life(1, signal.SIGTERM),
        life(-15, signal.SIGTERM),
        life(-9, signal.SIGSTOP, signal.SIGCONT),
    ],
)
def test_a_process_that_ends_by_itself_is_found(bad: Life, found: Verdict) -> None:
    verdict.check_lives({"worker-1": [bad]}, [], found)
    assert rules(found) == {"processes"}


@pytest.mark.parametrize(
    "good",
    [
        life(0, signal.SIGTERM),
        life(-9, signal.SIGKILL),
        life(-9, poisoned=True),
        life(-15, signal.SIGTERM, said=False),
    ],
)
def test_a_process_that_was_ended_is_as_it_should_be(good: Life, found: Verdict) -> None:
    verdict.check_lives({"worker-1": [good]}, [], found)
    assert rules(found) == set()


def test_a_process_that_does_not_end_is_found(found: Verdict) -> None:
    verdict.check_lives({}, ["worker-1 lived on"], found)
    assert rules(found) == {"processes"}


async def test_missing_and_wrong_bytes_are_found(tmp_path: Path, found: Verdict) -> None:
    storage = Storage.from_url((tmp_path / "storage").as_uri())
    good, bad, gone = [await storage.put_bytes(text) for text in (b"good", b"bad", b"gone")]
    await verdict.check_bytes(storage, {good.sha256: 4}, found)
    assert rules(found) == set()
    path = tmp_path / "storage" / "blobs" / bad.sha256[:2] / bad.sha256[2:4] / bad.sha256
    path.chmod(0o600)
    path.write_bytes(b"BAD")
    await storage.delete(gone.sha256)
    await verdict.check_bytes(storage, {bad.sha256: 3, gone.sha256: 4, good.sha256: 5}, found)
    assert [one.rule for one in found.violations] == ["bytes"] * 3


async def test_every_job_is_held_against_every_rule(found: Verdict) -> None:
    asks = diary()
    made = await Expected(asks.asked).of(asks.asked["k1"])
    assert made is not None

    async def jobs() -> AsyncIterator[Job]:
        yield job(sound())

    checked = [seen async for _, seen in verdict.check_jobs(jobs(), asks, found)]
    assert rules(found) == {"outputs"}  # Forged outputs are not what its input determines.
    assert checked == [replace(SEEN, succeeded=checked[0].succeeded)]


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


def lost_with(one: Life) -> list[Lost]:
    return [Lost(JOB, 7, at=1105.0, life=one)]


def fault(name: str, began: float, hit: Life | None = None) -> Done:
    return Done(Fault(0.0, name, "worker-1"), began, began + 1.0, hit)


def test_a_run_lost_with_a_worker_that_left_in_good_order_is_found(found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    verdict.check_given_back(lost_with(left), [fault("term", 1100.0, left), fault("kill", 1100.0, life(-9))], found)
    assert rules(found) == {"given_back"}


@pytest.mark.parametrize("name", ["restart", "silence"])
def test_a_run_lost_with_a_worker_that_was_cut_off_is_not(name: str, found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    cut_off = fault(name, 1095.0, None if name == "restart" else left)
    verdict.check_given_back(lost_with(left), [fault("term", 1100.0, left), cut_off], found)
    assert (rules(found), found.checked["given_back"]) == (set(), 1)
