"""A running service, for whatever is measured in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from cli.access import find_key
from cli.serving import own_server
from playhead.settings import Settings

STUBS = {"PLAYHEAD_ENGINES": "stub", "PLAYHEAD_STUB__SEGMENTS": "1", "PLAYHEAD_CACHE": "false"}
"""All jobs have the same input: each is to have a run of its own."""


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # As root, PostgreSQL runs as another user, who must be able to enter.
        yield folder


@asynccontextmanager
async def service(environment: Mapping[str, str] = STUBS) -> AsyncIterator[httpx.AsyncClient]:
    """PostgreSQL, API and worker for the length of the block, in a folder of their own; a client that may do all."""
    with _folder() as folder:
        async with own_server(folder / "data", folder / "log", {**os.environ, **environment}) as url:
            headers = {"Authorization": f"Bearer {find_key(Settings(data_dir=folder / 'data'), url)}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=600) as http:
                yield http


async def transcription(http: httpx.AsyncClient) -> dict[str, Any]:
    """The body of a job on a recording that was uploaded for it."""
    answer = await http.post("/api/v1/files", files={"file": ("a.wav", b"RIFF....WAVEfmt any sound")})
    return {"kind": "transcribe", "input": {"file": answer.raise_for_status().json()["id"]}}
