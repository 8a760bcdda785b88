"""What the clients note of the answers to what they ask for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chaos.apis import Apis
from chaos.load import Load
from tests.chaos.forged import asked, diary


class Refusing(Apis):
    """Refuses everything, at the first try or at a later one."""

    def __init__(self, *, sure: bool) -> None:
        self._sure = sure

    async def call(self, method: str, path: str, **_: Any) -> tuple[httpx.Response, bool]:
        request = httpx.Request(method, f"http://api{path}")
        return httpx.Response(422, json={"code": "invalid"}, request=request), self._sure


@pytest.mark.parametrize("sure", [True, False])
async def test_a_refusal_is_noted_and_whether_another_try_may_yet_be_done(*, sure: bool) -> None:
    one = asked(content=None, job_id=None, needs=("k0",))
    needed = asked(key="k0")
    await Load(Refusing(sure=sure), diary(needed, one), seed=1, jobs_per_second=1.0)._submit(one)
    assert (one.is_refused, one.refused, one.unheard) == (True, "invalid", not sure)
