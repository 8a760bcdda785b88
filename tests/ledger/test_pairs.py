"""Of every two acts on neighbouring jobs, the one in the other: left open before a statement, or before its commit.

`LIFECYCLE_STOPS=all pytest tests/ledger/test_pairs.py` leaves the first open before each of its statements.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from playhead.database import Database
from playhead.errors import MediaUnreadableError
from playhead.ledger.run import Run
from playhead.states import CANCEL, DELETE, RETRY
from tests.ledger.acts import Act, Claim, Fail, Operate, Submit, Succeed
from tests.ledger.course import Course
from tests.ledger.passing import ExpireLate, RescueLost, Silence, TimePasses

if TYPE_CHECKING:
    from uuid import UUID

BROKEN = MediaUnreadableError("broken")
COMMIT = 99
"""No transaction has so many statements: it is left open before its commit."""
STOPS = (COMMIT, 1, 2, 3)
"""One of them for each pair, in turn."""
ALL = os.environ.get("LIFECYCLE_STOPS") == "all"


@dataclass
class Scene:
    """Two runs that a job waits for, one of them on its last attempt; another job waits for that, which is late.

    And a job that failed, for which one was canceled that waits for the second run too.
    """

    first: Run
    second: Run
    child: UUID
    failed: UUID

    @classmethod
    async def of(cls, course: Course) -> Scene:
        do = course.do_at_once
        first, second = await _running(course, attempts=1), await _running(course, attempts=2)
        child = await do(_submit([first.job_id, second.job_id], expires_in_seconds=3600))
        await do(_submit([child]))
        run = await _running(course, attempts=1)
        await do(_submit([second.job_id, run.job_id]))
        for act in (Fail(run, BROKEN), TimePasses(child, "expires_at"), Silence(course.workers[0], silent=True)):
            await do(act)
        return cls(first, second, child, run.job_id)

    def acts(self) -> dict[str, Act]:
        return {
            "succeed first": Succeed(self.first),
            "succeed second": Succeed(self.second),
            "fail first": Fail(self.first, BROKEN),
            "cancel second": Operate(self.second.job_id, CANCEL),
            "cancel child": Operate(self.child, CANCEL),
            "retry": Operate(self.failed, RETRY),
            "delete": Operate(self.failed, DELETE),
            "submit": _submit([self.second.job_id, self.child], idempotency_key="one"),
            "expire": ExpireLate(),
            "rescue": RescueLost(),
        }


def _submit(after: list[UUID], **about: Any) -> Submit:
    return Submit({"queue": "gpu", "max_attempts": about.pop("attempts", 2), "after": after, **about})


async def _running(course: Course, attempts: int) -> Run:
    job_id = await course.do_at_once(_submit([], attempts=attempts))
    run = await course.do_at_once(Claim(job_id, course.workers[0], ticket=0))
    assert isinstance(run, Run)
    return run


NAMES = (
    "succeed first",
    "succeed second",
    "fail first",
    "cancel second",
    "cancel child",
    "retry",
    "delete",
    "submit",
    "expire",
    "rescue",
)


@pytest.mark.parametrize("outer", NAMES)
async def test_one_in_the_other_is_one_after_the_other(database_url: str, outer: str) -> None:
    """Whatever the order: no deadlock, and the rows are those of one of the two."""
    database = Database(database_url)
    for number, inner in enumerate(NAMES, NAMES.index(outer)):
        for statement in range(10) if ALL else STOPS[number % len(STOPS) :][:1]:
            course = Course(database)
            await course.begin()
            acts = (await Scene.of(course)).acts()
            assert tuple(acts) == NAMES
            try:
                await course.do(acts[outer], statement)
                await course.do(acts[inner])
                await course.finish()
            except BaseException as error:
                error.add_note(f"{inner!r} in {outer!r}, left open before statement {statement}")
                raise
            finally:
                await course.calls.give_up()
    await database.close()
