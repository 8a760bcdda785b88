from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from playhead.states import State
from tests.deadlock import crossing

if TYPE_CHECKING:
    from tests.worker.conftest import House


async def test_an_end_given_up_to_end_a_deadlock_is_written_again(house: House) -> None:
    """The settling of the first job holds it and wants the second, which waits for it."""
    first = await house.submit()
    second = await house.submit(after=[first])
    async with AsyncExitStack() as stack:
        async with crossing(house.database, first, second):
            # Only now: before the second was held, the first might have ended already.
            await stack.enter_async_context(house.worker())
        assert (await house.ended(first)).attempt == 1
        assert (await house.ended(second)).state == State.SUCCEEDED
