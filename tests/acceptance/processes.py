"""APIs and workers in processes of their own on the database of a test; with a kind that misbehaves when asked to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx

from local.ports import any_free
from local.readiness import ready
from tests.programs import Program, program
from tests.worker.conftest import House

PLAIN = """
from cli.main import main

main()
"""
CODE = """
from cli.main import main
from playhead.registry import register
from tests.acceptance.trial import KIND

register(KIND)
main()
"""
SOON = {"WORKER__HEARTBEAT_SECONDS": "0.5", "WORKER__LOST_AFTER_SECONDS": "2"}
"""Settings under which a silent worker is soon taken for dead."""


@asynccontextmanager
async def worker(house: House, *arguments: str, code: str = CODE, **settings: str) -> AsyncIterator[Program]:
    """A worker at work."""
    async with begun(house, *arguments, code=code, **settings) as made:
        await made.says("worker_ready")
        yield made


@asynccontextmanager
async def begun(house: House, *arguments: str, code: str = CODE, **settings: str) -> AsyncIterator[Program]:
    """A worker that may not live for long enough to be at work."""
    async with program(code, "worker", *arguments, **_here(house) | SOON | settings) as made:
        yield made


@asynccontextmanager
async def api(house: House, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """An API that lets anyone in, and a client of it."""
    url, port = "http://127.0.0.1", any_free("127.0.0.1")
    async with (
        program(PLAIN, "api", "--port", str(port), **_here(house) | {"AUTH": "off"} | settings),
        httpx.AsyncClient(base_url=f"{url}:{port}", timeout=90, trust_env=False) as client,
    ):
        await ready(f"{url}:{port}")
        yield client


def _here(house: House) -> dict[str, str]:
    # Whatever is killed is to be done by itself, though the same was done before.
    alone = {"ENGINES": "stub", "CACHE": "false"}
    return {"DATABASE_URL": house.database.url, "DATA_DIR": str(house.settings.data_dir)} | alone


async def submit_trial(house: House, terms: Mapping[str, Any] = MappingProxyType({}), **params: Any) -> UUID:
    """A job of the kind that does what it is told, on these terms."""
    told = {name: _plain(value) for name, value in params.items()}
    return await house.submit(kind="trial", queue="cpu", params=told, **terms)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
