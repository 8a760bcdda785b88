"""What an odd feed does, and what is to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.http_server import Answer
from tests.podcasts.server import FeedServer, answer


@dataclass(frozen=True)
class Placed:
    """An answer that depends on the address of the server."""

    make: Callable[[FeedServer], Answer]


Step = bytes | Answer | Placed
"""What the server gives at a poll: the feed itself, or another answer."""


@dataclass(frozen=True)
class Case:
    """A feed in one poll after the other.

    Attributes:
        name: what is odd about it.
        steps: what its server gives.
        titles: of all its episodes, as it has them: the newest first.
        first: some fields of the newest.
        each: some fields of episodes by their titles.
        code: of the error that the feed has in the end.
        moved: the path where it is in the end, if that is another.
        beside: what its server gives at other paths.
    """

    name: str
    steps: Sequence[Step]
    titles: Sequence[str | None]
    first: Mapping[str, Any] = field(default_factory=dict)
    each: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    code: str | None = None
    moved: str | None = None
    beside: Mapping[str, Step] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/{self.name.replace(' ', '-').replace(',', '')}/feed.xml"

    def serve(self, server: FeedServer, turn: int) -> None:
        """Give what belongs to this poll."""
        served = {self.path: self.steps[turn]}
        for path, step in {**served, **self.beside}.items():
            server.answers[path] = _answer(step, server)


def _answer(step: Step, server: FeedServer) -> Answer:
    if isinstance(step, bytes):
        return answer("200 OK", step, Content_Type="application/rss+xml")
    return step.make(server) if isinstance(step, Placed) else step
