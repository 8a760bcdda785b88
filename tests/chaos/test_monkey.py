from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from chaos.monkey import Monkey
from chaos.plan import Fault
from chaos.stack import Stack


async def test_a_fault_that_cannot_be_brought_about_does_not_end_the_others() -> None:
    class Broken:
        async def lock(self, _: float) -> None:
            raise OSError("no server")

    poisoned: list[int] = []
    said: list[str] = []
    stack = cast("Stack", SimpleNamespace(server=Broken()))
    monkey = Monkey(stack, poisoned.append, 1, said.append)
    await monkey.run([Fault(0.0, "lock", "postgres"), Fault(0.01, "poison", "chaos_poison")])
    assert (len(monkey.failed), poisoned, len(monkey.done)) == (1, [1], 2)
    assert "lock postgres at 0.0 s: OSError('no server')" in said
    assert all(done.ended for done in monkey.done)
