"""Which tickets a worker takes."""

from __future__ import annotations

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
