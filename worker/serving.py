"""Which tickets a worker takes."""

from __future__ import annotations

from playhead.registry import kinds
from playhead.settings import WorkerSettings
from playhead.tickets import place


def served(wanted: WorkerSettings) -> dict[str, list[str]]:
    """The queues that the worker takes jobs from, and where the tickets of each lie.

    One that takes all kinds also takes tickets that lie under the queue's own name, as older versions wrote them.
    """
    found = {queue: [] if wanted.kinds is not None else [queue] for queue in wanted.queues}
    for kind in kinds().values():
        if kind.queue in found and (wanted.kinds is None or kind.name in wanted.kinds):
            found[kind.queue].append(place(kind.queue, kind.name))
    return {queue: names for queue, names in found.items() if names}
