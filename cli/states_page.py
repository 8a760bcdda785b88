"""docs/states.md, from the code: `python -m cli.states_page > docs/states.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from cli.markdown import table
from playhead.states import TERMINAL, TRANSITIONS, State, Transition

HEAD = """\
<!-- Made by `make docs` from playhead/states.py. Change that, not this. -->
# States

Where a job stands is one word in one row of the table `jobs`, and only what stands below may change it. Each of these
is one transaction: the state, the lease, the count of attempts, the ticket and the line in the job's history change
together or not at all.
"""

TABLE = """
## Everything that may happen to a job

*By*: the client that owns the job; any **worker** with a ticket for it; the **run** that holds its lease, and no
other (fenced: `WHERE lease = :mine AND state = 'running'`); the **housekeeping** of any worker; or the **ledger**
itself, because of what happens to another job, in the same transaction.
"""

FOOT = """
What happens to a job in a state that is not named for it is refused (`state_conflict`, 409) or finds nothing to do; a
run that lost its lease is told so and has written nothing. Between transitions a run may write progress, events and
checkpoints, all of them fenced.
"""


def page() -> Iterator[str]:
    """The page, in lines."""
    yield HEAD
    yield from _diagram()
    yield TABLE
    columns = ("what", "from", "to", "by", "when", "fenced", "attempts", "lease", "ticket")
    yield from table(columns, map(_cells, TRANSITIONS))
    yield FOOT.rstrip()


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for before, after in _arrows():
        names = (step.name for step in TRANSITIONS if step.after is after and _leaves(step, before))
        yield f"    {before or '[*]'} --> {after}: {', '.join(names)}"
    yield "```"


def _arrows() -> Iterator[tuple[State | None, State]]:
    for before in (None, *State):
        for after in State:
            if any(step.after is after and _leaves(step, before) for step in TRANSITIONS):
                yield before, after


def _leaves(step: Transition, before: State | None) -> bool:
    return before in step.before if before else not step.before


def _cells(step: Transition) -> tuple[str, ...]:
    lease = "taken" if step.takes_lease else "ended" if step.ends_lease else ""
    return (
        f"**{step.name}**",
        _states(step.before),
        step.after or "*gone*",
        step.by,
        step.when,
        "yes" if step.fenced else "",
        step.attempt if step.attempt != "kept" else "",
        lease,
        "issued" if step.issues_ticket else "",
    )


def _states(states: Iterable[State]) -> str:
    chosen = frozenset(states)
    if chosen == TERMINAL:
        return "any that has ended"
    return ", ".join(state for state in State if state in chosen) or "*nothing*"


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
