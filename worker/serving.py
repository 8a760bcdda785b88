"""Which tickets a worker takes."""

from __future__ import annotations

from collections.abc import Collection

from playhead.errors import InvalidError
from playhead.kind import QUEUES
from playhead.registry import kinds
from playhead.settings import WorkerSettings
from playhead.tickets import place


def served(wanted: WorkerSettings) -> dict[str, list[str]]:
    """The queues that the worker takes jobs from, and where the tickets of each lie.

    One that takes all kinds takes what older versions wrote too: tickets under the queue's own name, and those of jobs
    whose kind went to another queue since.
    """
    if wanted.kinds is None:
        return {queue: [queue, *(place(queue, name) for name in kinds())] for queue in wanted.queues}
    chosen = [kind for kind in kinds().values() if kind.name in wanted.kinds]
    found = {queue: [place(queue, kind.name) for kind in chosen if kind.queue == queue] for queue in wanted.queues}
    return {queue: names for queue, names in found.items() if names}


def require_work(wanted: WorkerSettings) -> None:
    """Let no worker begin that could never take a job, and would say nothing of it.

    Raises:
        InvalidError: field ``queues`` or ``kinds``: it names none, or one that there is not; or none of these kinds is
            done in one of these queues.
    """
    _require_known("queue", wanted.queues, QUEUES)
    if wanted.kinds is None:
        return
    _require_known("kind", wanted.kinds, kinds())
    if not served(wanted):
        needed = ", ".join(f"{name} needs {kinds()[name].queue}" for name in wanted.kinds)
        message = f"none of them is done in {', '.join(wanted.queues)}: {needed}"
        raise InvalidError(message, field="kinds")


def _require_known(word: str, wanted: Collection[str], there: Collection[str]) -> None:
    if not wanted:
        raise InvalidError(f"it names no {word}", field=f"{word}s")
    for name in wanted:
        if name not in there:
            raise InvalidError(f"there is no {word} {name!r}: there are {', '.join(there)}", field=f"{word}s")
