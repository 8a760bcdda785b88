from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx


async def test_a_route_knows_the_query_parameters_of_its_document_and_no_others(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for path, method, operation in operations(document):
        there = re.sub(r"\{\w+\}", str(UUID(int=0)), path)
        answer = (await client.request(method, there, params={"nonsense": "1"})).json()
        assert (answer["status"], answer["field"]) == (422, "nonsense"), (path, method, answer)
        known = sorted(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")
        told = f"; there are {', '.join(known)}" if known else ""
        assert answer["detail"].endswith(f"there is no such parameter here{told}")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        if path.startswith("/api/"):
            for method, operation in methods.items():
                yield path, method, operation
