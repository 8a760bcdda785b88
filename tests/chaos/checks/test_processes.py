"""What must hold of the processes: each rule finds what is planted."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from chaos.checks import processes
from chaos.checks.processes import Lost
from chaos.figures import Unexplained
from chaos.lag import Lag
from chaos.monkey import Done
from chaos.plan import Fault
from chaos.process import Life
from chaos.verdict import Verdict
from tests.chaos.forged import JOB, rules


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
        life(1, signal.SIGKILL),
        life(1, poisoned=True),
    ],
)
def test_a_process_that_ends_by_itself_is_found(bad: Life, found: Verdict) -> None:
    processes.check_lives({"worker-1": [bad]}, found)
    assert rules(found) == {"processes"}
    assert Path(__file__).read_text()[-100:] in found.violations[0].text


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
    processes.check_lives({"worker-1": [good]}, found)
    assert rules(found) == set()


def test_a_process_that_had_to_be_killed_is_found(found: Verdict) -> None:
    stuck = life(-9, signal.SIGTERM, signal.SIGKILL)
    processes.check_lives({"worker-1": [stuck]}, found)
    assert rules(found) == set()
    stuck.stuck = True
    processes.check_lives({"worker-1": [stuck]}, found)
    assert rules(found) == {"processes"}


def lost_with(one: Life) -> list[Lost]:
    return [Lost(JOB, 7, at=1105.0, life=one)]


def fault(name: str, began: float, hit: Life | None = None) -> Done:
    return Done(Fault(0.0, name, "worker-1"), began, began + 1.0, hit)


def test_a_run_lost_with_a_worker_that_left_in_good_order_is_found(found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    processes.check_given_back(
        lost_with(left), [fault("term", 1100.0, left), fault("kill", 1100.0, life(-9))], Lag(), found
    )
    assert rules(found) == {"given_back"}


@pytest.mark.parametrize("name", ["restart", "silence"])
def test_a_run_lost_with_a_worker_that_was_cut_off_is_not(name: str, found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    cut_off = fault(name, 1095.0, None if name == "restart" else left)
    processes.check_given_back(lost_with(left), [fault("term", 1100.0, left), cut_off], Lag(), found)
    assert (rules(found), found.checked["given_back"]) == (set(), 1)


def test_a_run_lost_while_the_harness_was_late_to_hear_of_it_is_not(found: Verdict) -> None:
    """What is given back goes through the harness."""
    left, lag = life(0, signal.SIGTERM), Lag()
    lag.late.append((1101.0, 1103.0))
    processes.check_given_back(lost_with(left), [], lag, found)
    assert (rules(found), found.checked["given_back"]) == (set(), 1)
    lag.late = [(1090.0, 1091.0)]
    processes.check_given_back(lost_with(left), [], lag, found)
    assert rules(found) == {"given_back"}


def neighbour(name: str) -> Done:
    return Done(Fault(0.0, name, "worker-2"), 1095.0, 1096.0, life(0))


@pytest.mark.parametrize("name", ["stop", "silence"])
def test_a_run_lost_while_a_neighbour_may_have_kept_locks_is_not(name: str, found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    processes.check_given_back(lost_with(left), [fault("term", 1100.0, left), neighbour(name)], Lag(), found)
    assert rules(found) == set()


def test_a_run_lost_while_a_neighbour_was_cut_off_is_found(found: Verdict) -> None:
    left = life(0, signal.SIGTERM)
    processes.check_given_back(lost_with(left), [fault("term", 1100.0, left), neighbour("cut")], Lag(), found)
    assert rules(found) == {"given_back"}


UNEXPLAINED = Unexplained(JOB, "lease 7 was lost", 1100.0, 1105.0)


def test_a_run_lost_without_a_fault_is_found(found: Verdict) -> None:
    processes.check_unexplained([UNEXPLAINED], 3, Lag(), found)
    assert (rules(found), found.checked["unexplained"]) == ({"unexplained"}, 3)


@pytest.mark.parametrize(
    ("late", "rule"),
    [((1099.0, 1101.0), set()), ((1095.0, 1096.0), set()), ((1080.0, 1081.0), {"unexplained"})],
    ids=["while it ran", "shortly before", "long before"],
)
def test_a_run_lost_while_the_harness_was_late_is_not(
    late: tuple[float, float], rule: set[str], found: Verdict
) -> None:
    lag = Lag()
    lag.late.append(late)
    processes.check_unexplained([UNEXPLAINED], 3, lag, found)
    assert rules(found) == rule
