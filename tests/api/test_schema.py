from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.api.conftest import ADMIN_KEY, Live, recording

HOOKS = """
import schemathesis

@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
"""
CONFIG = """
color = false
hooks = "hooks.py"

[generation]
deterministic = true
max-examples = 10

[phases.stateful.generation]
max-examples = 10

# What a schema cannot say: that a file, a job or a cursor is there, that bytes are a recording.
[checks.positive_data_acceptance]
enabled = false

# Every field of every kind, wrong in every way, once more for each of them in a batch and in a graph: those of single
# jobs are tried.
[[operations]]
include-path = "/api/v1/batches"
phases.coverage.enabled = false

# Any bytes are lines: the answer tells which of them are wrong.
[[operations]]
include-path = "/api/v1/bulk"
checks.negative_data_rejection.enabled = false

# Things that are there, so that not every download ends in 404.
[[operations]]
include-path = "/api/v1/files/{{file_id}}/content"
parameters = {{ file_id = "{file_id}" }}

[[operations]]
include-path = "/api/v1/jobs/{{job_id}}/outputs/{{name}}"
parameters = {{ job_id = "{job_id}", name = "transcript.txt" }}
"""


@pytest.mark.heavy
async def test_nothing_that_the_document_allows_or_forbids_breaks_it(live: Live, tmp_path: Path) -> None:
    async with live.client() as client:
        file = (await client.post("/api/v1/files", files={"file": ("a.wav", recording())})).json()
        made = await live.stand.store("transcript.txt", b"hello", "text/plain")
        job_id = await live.stand.done(client, [made])
    config = tmp_path / "schemathesis.toml"
    (tmp_path / "hooks.py").write_text(HOOKS)
    config.write_text(CONFIG.format(file_id=file["id"], job_id=job_id))
    # No worker is there to end a job: a wait for one, or a stream of its news, shall answer with what there is.
    live.stand.services.watchers.close()
    told, status = await schemathesis(live, config)
    assert status == 0, told
    assert re.search(r"Selected: (\d+)/\1\s+Tested: \1\s", told), told


async def schemathesis(live: Live, config: Path) -> tuple[str, int | None]:
    """Run it as its users do; what it says, and its exit status."""
    command = ["-m", "schemathesis.cli", "--config-file", str(config), "run", f"{live.url}/openapi.json"]
    key = ["--header", f"Authorization: Bearer {ADMIN_KEY}"]
    folder = config.parent
    run = await asyncio.create_subprocess_exec(sys.executable, *command, *key, cwd=folder, stdout=PIPE, stderr=STDOUT)
    told, _ = await run.communicate()
    return told.decode(), run.returncode


async def test_allow_names_every_method_of_a_path(live: Live) -> None:
    async with live.client() as client:
        answer = await client.put("/api/v1/jobs")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
