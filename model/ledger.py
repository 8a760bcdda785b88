"""The ledger's transactions, each one step: what playhead/ledger does to a job's row and its tickets.

A transaction that the ledger refuses gives None. Beside what the ledger does, each checks what it may do: a step that
breaks a rule says so in ``Job.broken``.
"""

from __future__ import annotations

from typing import Any

from model.rules import Guard, Rules
from model.world import ENOUGH, Job, Look, Phase
from playhead.states import PENDING, STEPS, TERMINAL, State


def holds(job: Job, lease: int) -> bool:
    """Whether this lease holds the job, whatever the fence says."""
    return job.state is State.RUNNING and job.lease == lease


def fenced(job: Job, lease: int, rules: Rules, fence: Guard) -> bool:
    """The fence as the ledger has it: whether a write of this lease is let through."""
    state = job.state is State.RUNNING or not rules.keep(Guard.FENCE_ON_STATE)
    return (job.lease == lease and state) or not rules.keep(fence)


def checked(job: Job, lease: int, what: str) -> Job:
    """The job, with its rule broken if this lease does not hold it."""
    return job if holds(job, lease) else breaks(job, f"{what} by a run that does not hold the job")


def breaks(job: Job, rule: str) -> Job:
    """The job, with this rule broken, unless one was before."""
    return job if job.broken else job._replace(broken=rule)


def moved(job: Job, state: State, rules: Rules, **changes: Any) -> Job:
    """The job in another state, by a legal step or a broken one."""
    if state not in STEPS[job.state]:
        job = breaks(job, f"illegal step {job.state} -> {state}")
    released = {} if state is State.RUNNING or not rules.keep(Guard.LEASE_RELEASED) else {"lease": 0}
    return job._replace(state=state, **released | changes)


def issued(job: Job) -> Job:
    """One ticket more for a job that is queued: tickets.issue."""
    return job._replace(todo=min(job.todo + 1, ENOUGH)) if job.state is State.QUEUED else job


def queued(job: Job, rules: Rules, **changes: Any) -> Job:
    """dependents.enqueue_ready: queued, and its ticket with it."""
    job = moved(job, State.QUEUED, rules, due=False, **changes)
    return issued(job) if rules.keep(Guard.ONE_ISSUE) else job


def claim(job: Job, lease: int, rules: Rules, *, paused: bool) -> Job | None:
    """claim.claim: one UPDATE that takes the job, or touches nothing."""
    late = job.expires == "late" and not job.started
    if rules.keep(Guard.CLAIM_STATE) and job.state is not State.QUEUED:
        return None
    if (rules.keep(Guard.CLAIM_PAUSED) and paused) or (rules.keep(Guard.CLAIM_IN_TIME) and late):
        return None
    if paused or late:
        job = breaks(job, "begun in a paused queue" if paused else "begun after its expires_at")
    counted = int(rules.keep(Guard.COUNTED_AT_CLAIM))
    taken = {"started": True, "attempt": job.attempt + counted, "begun": job.begun + 1}
    return moved(job, State.RUNNING, rules, lease=lease, **taken)


def checkpoint(job: Job, look: Look, rules: Rules) -> Job | None:
    """report.report."""
    if not fenced(job, look.lease, rules, Guard.FENCED_CHECKPOINT):
        return None
    job = checked(job, look.lease, "a checkpoint")
    if look.done < job.stored:
        job = breaks(job, "the checkpoint goes back: what was stored is done again")
    return job._replace(stored=look.done)


def settle(job: Job, look: Look, rules: Rules) -> Job | None:
    """settle.succeed, settle.fail or settle.give_back."""
    fence = Guard.FENCED_GIVE_BACK if look.phase is Phase.GIVE_BACK else Guard.FENCED_SETTLE
    if not fenced(job, look.lease, rules, fence):
        return None
    job = checked(job, look.lease, "an end")
    if look.charged:
        job = breaks(job, "a run's cost is taken twice")
    if not rules.keep(Guard.COUNTED_AT_CLAIM) and look.phase is not Phase.GIVE_BACK:
        job = job._replace(attempt=job.attempt + 1)
    match look.phase:
        case Phase.SUCCESS:
            return moved(produced(job), State.SUCCEEDED, rules)
        case Phase.PERMANENT:
            return moved(job, State.FAILED, rules)
        case Phase.GIVE_BACK:
            free = int(rules.keep(Guard.GIVEN_BACK_FREE))
            return queued(job, rules, attempt=job.attempt - free, begun=job.begun - 1)
        case _:
            last = look.attempt >= rules.max_attempts and rules.keep(Guard.LAST_ATTEMPT)
            return dead(job, rules) if last else moved(job, State.WAITING, rules, due=True)


def produced(job: Job) -> Job:
    """The outputs, written once more."""
    return job._replace(successes=job.successes + 1)


def take_back(job: Job, rules: Rules) -> Job:
    """sweep._take_back: queued again, or a dead letter."""
    if job.attempt >= rules.max_attempts and rules.keep(Guard.LAST_RESCUE):
        return dead(job, rules)
    return queued(job, rules)


def dead(job: Job, rules: Rules) -> Job:
    """A dead letter, though its failure was not for good."""
    if job.begun < rules.max_attempts:
        job = breaks(job, "a dead letter before its attempts were used up")
    return moved(job, State.FAILED, rules)


def cancel(job: Job, rules: Rules) -> Job | None:
    """operate.cancel."""
    ended = job.state in TERMINAL and rules.keep(Guard.ENDED_STAYS)
    return None if ended else moved(job, State.CANCELED, rules, due=False)


def skip(job: Job, rules: Rules) -> Job | None:
    """operate.skip."""
    return moved(job, State.SKIPPED, rules, due=False) if job.state in PENDING else None


def retry(job: Job, rules: Rules) -> Job | None:
    """operate.retry: all attempts anew, from the checkpoint."""
    if job.state not in TERMINAL or (job.state is State.SUCCEEDED and rules.keep(Guard.SUCCESS_STAYS)):
        return None
    return queued(job, rules, attempt=0, begun=0, expires="")
