"""Any course of things, over a real database: workers and clients, one transaction in another, time that passes.

Hypothesis makes the courses up. After each step the rows are checked by themselves. Whenever no transaction is under
way they must be what the reference says of the same transactions one after another, in some order that keeps those
apart that were apart: the ledger is linearizable, and nothing is done twice, without its lease, or not at all.

`LIFECYCLE_SEED=1000 LIFECYCLE_ROUNDS=500 pytest tests/ledger/test_lifecycle.py` looks longer, and elsewhere.
"""

from __future__ import annotations

import asyncio
import os
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from playhead.database import Database
from tests.ledger.course import Course
from tests.ledger.wishes import Wish, wish

ROUNDS = int(os.environ.get("LIFECYCLE_ROUNDS", "4"))
FIRST_SEED = int(os.environ.get("LIFECYCLE_SEED", "1"))
BESIDE = 3
"""Transactions that may come and go while one is left open."""

# Drawn in one: Hypothesis prefers what is simple, too much for courses in which much has to come together.
Wishes = st.integers(0, 2**64 - 1).map(wish)


class Lifecycle(RuleBasedStateMachine):
    """One course of things."""

    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.course = Course(self.database)
        self.broken = False
        self.runner.run(self.course.begin())

    @rule(wish=Wishes)
    def do(self, wish: Wish) -> None:
        """One more transaction. One rule for all: Hypothesis leaves some of several out of most courses."""
        self.broken = True
        self.runner.run(self._do(wish))
        self.broken = False

    async def _do(self, wish: Wish) -> None:
        calls = self.course.calls
        # Behind one that is stuck behind an open one, or if an open one has seen enough, that one comes to its end.
        if wish.alone or len(calls.under_way) > 1 or len(calls.all) > BESIDE:
            await self.course.finish()
        act = await wish.act(self.course)
        if act is not None:
            stop = None if calls.under_way else wish.stop
            note(f"{act!r}{'' if stop is None else f' left open before statement {stop}'}")
            await self.course.do(act, stop)

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.runner.run(self.course.finish())
        finally:
            self.runner.run(self.course.calls.give_up())


@pytest.mark.parametrize("examples", [3, pytest.param(9, marks=pytest.mark.heavy)])
@pytest.mark.timeout(300 + 60 * ROUNDS)
def test_every_course_of_things_is_one_that_the_reference_knows(database_url: str, examples: int) -> None:
    chosen = settings(
        # Beyond ten, it is rather the same ones again, a little changed.
        max_examples=examples,
        stateful_step_count=40,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    # A loop of its own: the session's is not running while a test without `async` is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        Lifecycle.runner, Lifecycle.database = runner, Database(database_url)
        try:
            for number in range(FIRST_SEED, FIRST_SEED + ROUNDS):
                print(f"replay with LIFECYCLE_SEED={number} LIFECYCLE_ROUNDS=1")  # noqa: T201 - seen if it fails
                run_state_machine_as_test(seed(number)(Lifecycle), settings=chosen)
        finally:
            runner.run(Lifecycle.database.close())
