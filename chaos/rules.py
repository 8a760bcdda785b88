"""What must hold of every single job, whatever was done to it. Each rule gives what is wrong, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from chaos.diary import Asked, Diary
from chaos.expected import Made
from chaos.history import Event, Job, Output
from chaos.kinds import MAKES, STEP_DEVICE_SECONDS
from chaos.stack import SEGMENT_SECONDS
from playhead.states import PENDING, SHARE, SHARE_FAILURE, TERMINAL, TRANSITIONS, State

AUDIO_SECONDS = {"transcribe": 5.0, "chaos_long": 1.0}
DEVICE_SECONDS = {"transcribe": SEGMENT_SECONDS, "chaos_long": STEP_DEVICE_SECONDS}
"""What each thing told accounts for, by kind."""
FIRST = {"transcribe": 0, "chaos_long": 1}
"""The first item that jobs of a kind tell, each of them once and in order."""
OWN_ERRORS = {"chaos_flaky": {"url_unreachable"}, "chaos_wrong": {"media_unreadable"}}
OF_FAULTS = {"worker_lost", "unavailable"}
"""Errors that a fault may cause in any job. They are transient: a job ends with them only at its last attempt."""
BUGS = {"internal", "invalid"}

_ALONE = [step for step in TRANSITIONS if step not in {SHARE, SHARE_FAILURE}]
_LEGAL = {state: {step.after for step in _ALONE if state in step.before} for state in State}
"""Of jobs whose kinds share no work, as here."""


@dataclass(frozen=True)
class Case:
    """A job, and what is known of it besides its history.

    Attributes:
        asked: by whom it was asked for; None if by nobody.
        made: what it must have made if it succeeded; None if it cannot succeed.
    """

    job: Job
    asked: Asked | None
    diary: Diary
    made: Made | None


def terminal(case: Case) -> Iterator[str]:
    """It has ended, and its row says what its history says."""
    job = case.job
    if job.state not in TERMINAL:
        yield f"it is still {job.state}"
    if not job.states or job.states[-1].state is not job.state:
        yield f"the row says {job.state}, the history ends otherwise"
    elif job.states[-1].attempt != job.attempt:
        yield f"the row says attempt {job.attempt}, the history ends with {job.states[-1].attempt}"
    if job.lease is not None:
        yield f"it still has lease {job.lease}"


def steps(case: Case) -> Iterator[str]:
    """Every step is legal."""
    states = [event.state for event in case.job.states if event.state is not None]
    if states and states[0] not in {State.WAITING, State.QUEUED}:
        yield f"it began as {states[0]}"
    for before, after in pairwise(states):
        if after not in _LEGAL[before]:
            yield f"{before} -> {after}"


def leases(case: Case) -> Iterator[str]:
    """Each run has a lease of its own, larger than those before; nothing else has one."""
    held = [run.lease for run in case.job.runs()]
    if any(later <= earlier for earlier, later in pairwise(held)):
        yield f"leases do not grow: {held}"
    for event in case.job.states:
        if (event.state is State.RUNNING) != (event.lease is not None):
            yield f"event {event.id} ({event.state}) has lease {event.lease}"


def attempts(case: Case) -> Iterator[str]:
    """A claim costs one attempt; only a give-back refunds it, only a retry by hand begins anew."""
    before, count = None, 0
    for event in case.job.states:
        if before in {State.WAITING, State.QUEUED, None}:
            allowed = {count + 1} if event.state is State.RUNNING else {count}
        elif before is State.RUNNING:
            given_back = event.state is State.QUEUED and event.code != "worker_lost"
            allowed = {count - 1} if given_back else {count}
            if event.state is State.QUEUED and event.code == "worker_lost":
                allowed = {count} if event.of_attempt == count else {count - 1}
        else:
            allowed = {0}
        if event.attempt not in allowed:
            yield f"event {event.id} ({before} -> {event.state}) has attempt {event.attempt}, not {allowed}"
        before, count = event.state, event.attempt
        if count > case.job.max_attempts:
            yield f"attempt {count} of {case.job.max_attempts}"


def zombies(case: Case) -> Iterator[str]:
    """Nothing is told under a lease but while the run that has it holds the job."""
    holder = None
    for event in case.job.events:
        if event.state is not None:
            holder = event.lease if event.state is State.RUNNING else None
        elif event.lease is None or event.lease != holder:
            yield f"event {event.id} ({event.type}) was told under lease {event.lease}, held was {holder}"


def once(case: Case) -> Iterator[str]:
    """It succeeds once."""
    count = sum(event.state is State.SUCCEEDED for event in case.job.states)
    if count > 1:
        yield f"it succeeded {count} times"


def outputs(case: Case) -> Iterator[str]:
    """A job that succeeded has exactly the outputs that its input determines; any other has none."""
    job = case.job
    if job.state is not State.SUCCEEDED:
        if job.outputs:
            yield f"it is {job.state} and has outputs {[output.name for output in job.outputs]}"
        return
    if case.made is None:
        yield f"a {job.kind} succeeded, which it cannot"
        return
    wanted = {Output(name, made.sha256, made.size_bytes) for name, made in case.made.outputs.items()}
    found = set(job.outputs)
    if found != wanted or len(job.outputs) != len(wanted):
        wrong = sorted({output.name for output in found ^ wanted})
        yield f"outputs are not what they should be: {wrong or 'one is there twice'}"
    if job.sha256 != case.made.result:
        yield f"its result is {job.sha256!r}, not {case.made.result!r}"


def cost(case: Case) -> Iterator[str]:
    """It costs what the runs accounted that wrote their own end, and nothing else."""
    told = sum(len(run.items) for run in case.job.runs() if run.ended_itself)
    device, audio = (told * each.get(case.job.kind, 0.0) for each in (DEVICE_SECONDS, AUDIO_SECONDS))
    if not math.isclose(case.job.gpu_seconds, device, abs_tol=1e-6):
        yield f"it cost {case.job.gpu_seconds} device seconds, {device} were accounted"
    if not math.isclose(case.job.audio_seconds, audio, abs_tol=1e-6):
        yield f"it cost {case.job.audio_seconds} audio seconds, {audio} were accounted"


def checkpoints(case: Case) -> Iterator[str]:
    """A run goes on right after what was kept; nothing that was kept is done again, and nothing is left out."""
    job, asked = case.job, case.asked
    if job.kept_by is not None and job.kept_by not in {run.lease for run in job.runs()}:
        yield f"its checkpoint is of lease {job.kept_by}, which it never had"
    if asked is None or job.kind not in FIRST:
        return
    keep_every, first = int(asked.params.get("keep_every", 1)), FIRST[job.kind]
    kept = first - 1
    for run in job.runs():
        if run.items != list(range(kept + 1, kept + 1 + len(run.items))):
            yield f"lease {run.lease} told {run.items}, kept was {kept}"
        kept = max([kept, *(item for item in run.items if item % keep_every == 0)])
    if job.state is State.SUCCEEDED and case.made:
        every = {item for run in job.runs() for item in run.items}
        if every != set(range(first, first + case.made.items)):
            yield f"it succeeded having told {sorted(every)} of {case.made.items}"


def ends(case: Case) -> Iterator[str]:
    """It ended as it may."""
    job, asked, diary = case.job, case.asked, case.diary
    if asked is None or job.state not in TERMINAL:
        return
    allowed: dict[State, set[str | None]] = {
        State.SUCCEEDED: {None} if asked.kind in {*MAKES, "transcribe"} else set(),
        State.FAILED: {*OF_FAULTS, *OWN_ERRORS.get(asked.kind, ())},
        State.CANCELED: {"canceled"} if job.id in diary.wished["cancel"] else set(),
        State.SKIPPED: {"skipped"} if job.id in diary.wished["skip"] else set(),
        State.EXPIRED: {"expired"} if asked.expires_in_seconds else set(),
    }
    if asked.needs:
        allowed[State.CANCELED].add("dependency_failed")
    if asked.takes and diary.asked[asked.takes[0]].job_id in diary.wished["delete"]:
        allowed[State.FAILED].add("input_missing")
    if job.code not in allowed.get(job.state, set()):
        yield f"it is {job.state} with {job.code}, which nothing explains"
    transient = job.state is State.FAILED and job.code in {*OF_FAULTS, "url_unreachable"}
    if transient and job.attempt != job.max_attempts:
        yield f"it failed with {job.code} at attempt {job.attempt} of {job.max_attempts}"


def failures(case: Case) -> Iterator[str]:
    """It fails on purpose as often as asked for at most: its checkpoint counts, and outlives retries by hand."""
    wanted = int(case.asked.params.get("failures", 0)) if case.asked else 0
    found = sum(run.fate in {"failed", "retried"} and run.code == "url_unreachable" for run in case.job.runs())
    if found > wanted:
        yield f"it failed {found} times on purpose, {wanted} were asked for"


def confirmed(case: Case) -> Iterator[str]:
    """What was answered as done to it was done, as often as it was answered."""
    states = case.job.states
    done = {
        "cancel": sum(event.state is State.CANCELED and event.code == "canceled" for event in states),
        "skip": sum(event.state is State.SKIPPED for event in states),
        "retry": sum(_begins_anew(before, after) for before, after in pairwise(states)),
    }
    for wish, count in done.items():
        told = case.diary.confirmed[wish, case.job.id]
        if told > count:
            yield f"{wish} was confirmed {told} times, the history holds {count}"


def _begins_anew(before: Event, after: Event) -> bool:
    return before.state in TERMINAL and after.state in PENDING and after.attempt == 0


def bugs(case: Case) -> Iterator[str]:
    """No attempt ended with an error that is a bug."""
    for event in case.job.states:
        if event.code in BUGS:
            yield f"attempt {event.attempt} ended with {event.code}"


def in_time(case: Case) -> Iterator[str]:
    """Not begun before its time, nor after its deadline."""
    job, asked, runs = case.job, case.asked, case.job.runs()
    if asked is None or job.id in case.diary.wished["retry"]:
        return
    if asked.run_at is not None and runs and runs[0].at < asked.run_at:
        yield f"it was begun {asked.run_at - runs[0].at:.3f} s before its time"
    late = job.expires_at is not None and job.started_at is not None and job.started_at > job.expires_at
    if late and len(runs) == 1:
        yield "it was begun after its deadline"
    if job.state is State.EXPIRED and runs:
        yield "it expired though it had begun"


RULES: tuple[Callable[[Case], Iterator[str]], ...] = (
    terminal,
    steps,
    leases,
    attempts,
    zombies,
    once,
    outputs,
    cost,
    checkpoints,
    ends,
    failures,
    confirmed,
    bugs,
    in_time,
)
