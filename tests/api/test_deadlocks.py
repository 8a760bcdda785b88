from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from tests.api.conftest import Stand, submit
from tests.deadlock import crossing


async def test_a_request_given_up_to_end_a_deadlock_may_be_repeated(client: httpx.AsyncClient, stand: Stand) -> None:
    first = (await submit(client))["id"]
    second = (await submit(client, after=[first]))["id"]
    async with crossing(stand.services.database, UUID(first), UUID(second)):
        canceling = asyncio.create_task(client.post(f"/api/v1/jobs/{first}/cancel"))
    refused = await canceling
    assert refused.status_code == 503
    assert refused.json()["code"] == "unavailable"
    assert "in each other's way" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert (await client.post(f"/api/v1/jobs/{first}/cancel")).json()["state"] == "canceled"
    assert (await client.get(f"/api/v1/jobs/{second}")).json()["error"]["code"] == "dependency_failed"
