from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from chaos import report
from chaos.causes import Causes
from chaos.figures import Figures, summary
from chaos.logs import sweeps, troubles
from chaos.monkey import Done
from chaos.outcome import Options, Outcome
from chaos.plan import Fault
from chaos.process import Life
from chaos.verdict import Verdict
from tests.chaos.forged import JOB, job, sound


@pytest.fixture
def worker(tmp_path: Path) -> Life:
    """A worker that claimed the job of the sound history at 1002, and was killed while it said something."""
    claimed = {"message": "job_claimed", "job_id": str(JOB), "attempt": 1}
    claimed["timestamp"] = datetime.fromtimestamp(1002.1, UTC).isoformat()
    swept = {"message": "swept", "task": "rescue", "count": 2}
    raised = [{"exc_type": "OSError", "exc_value": "lost 5"}, {"exc_type": "ValueError", "exc_value": "its cause"}]
    trouble = {"message": "job 17 broke", "level": "error", "exception": raised}
    log = tmp_path / "worker-1.1.log"
    log.write_text("\n".join([*map(json.dumps, (claimed, swept, trouble)), '{"message": "job_claimed", "jo']))
    return Life(1, began=1000.0, log=log)


def killed(name: str, at: float) -> Done:
    return Done(Fault(at - 1000.0, "kill", name), at, at)


def test_a_loss_is_put_down_to_what_happened_to_its_worker(worker: Life) -> None:
    done = [killed("worker-1", 1003.5), killed("worker-2", 1004.5)]
    counted = Figures()
    counted.add(job(sound()), Causes(done, {"worker-1": [worker], "worker-2": []}))
    told = counted.told_as()
    assert told["runs"] == {"lost": 1, "succeeded": 1}
    assert told["recovery_seconds"]["kill"] == {"count": 1, "median": 2.5, "p95": 2.5, "max": 2.5}
    assert told["rescue_seconds"]["max"] == 1.5
    assert (told["told"], told["told_again"], told["lost_without_fault"]) == (4, 0, [])


def test_a_loss_without_a_fault_is_told(worker: Life) -> None:
    counted = Figures()
    counted.add(job(sound()), Causes([killed("worker-2", 1003.5)], {"worker-1": [worker]}))
    assert counted.told_as()["lost_without_fault"] == [f"job {JOB} lease 7 of worker-1 from 2.00 to 5.00"]
    assert (counted.unexplained[0].began, counted.unexplained[0].ended) == (1002.0, 1005.0)


@pytest.mark.parametrize(
    "near",
    [
        Done(Fault(0.0, "silence", "worker-1"), 990.0, 995.0),
        Done(Fault(0.0, "stop", "worker-2"), 990.0, 995.0),
        Done(Fault(0.0, "lock", "postgres"), 990.0, 995.0),
    ],
    ids=["its own", "a neighbour's", "of all"],
)
def test_a_loss_shortly_after_a_fault_has_one(near: Done, worker: Life) -> None:
    counted = Figures()
    counted.add(job(sound()), Causes([near], {"worker-1": [worker]}))
    assert (counted.told_as()["lost_without_fault"], counted.recoveries) == ([], {})


def test_a_loss_to_poison_counts_from_the_death(worker: Life) -> None:
    worker.poisoned, worker.ended = True, 1004.0
    given = Done(Fault(1.0, "poison", "chaos_poison"), 1001.0, 1001.0)
    counted = Figures()
    counted.add(job(sound()), Causes([given], {"worker-1": [worker]}))
    assert counted.told_as()["recovery_seconds"]["poison"]["max"] == 2.0


@pytest.mark.parametrize(("died", "told"), [(1004.0, 0), (1001.0, 1), (1005.5, 1)])
def test_a_loss_to_poison_before_the_claim_could_be_logged_has_a_cause(died: float, told: int, tmp_path: Path) -> None:
    """The poison was given long before: it waited in its queue. Who died before the claim, or after the loss, is not
    to blame."""
    silent = Life(1, began=900.0, log=tmp_path / "worker-2.1.log", poisoned=True, ended=died)
    silent.log.touch()
    given = Done(Fault(1.0, "poison", "chaos_poison"), 950.0, 950.0)
    counted = Figures()
    counted.add(job(sound()), Causes([given], {"worker-2": [silent]}))
    assert len(counted.unexplained) == told
    assert ("poison" in counted.recoveries) == (not told)


def test_logs_are_read_though_their_last_line_is_broken_off(worker: Life) -> None:
    assert sweeps({"worker-1": [worker]}) == {"rescue": 2}
    assert troubles({"worker-1": [worker]}) == {"job * broke OSError: lost *": 1}


def test_a_summary_of_nothing_says_so() -> None:
    assert summary([]) == {"count": 0}


def test_the_report_names_the_seed_the_figures_and_what_is_broken(tmp_path: Path) -> None:
    verdict = Verdict()
    verdict.note("zombies", ["told under lease 7"], job_id=JOB)
    figures = {"faults": {"kill": 3}, **Figures().told_as(), "harness_lag_seconds": 0.5}
    outcome = Outcome(Options(60, 7, tmp_path), verdict, figures)
    console = Console(record=True, width=120)
    report.show(outcome, console)
    printed = console.export_text()
    for said in ("kill", "zombies", "told under lease 7", str(JOB)):
        assert said in printed
    told = json.loads(report.as_json(outcome))
    assert (told["seed"], told["violations"][0]["rule"], told["faults"]) == (7, "zombies", {"kill": 3})
