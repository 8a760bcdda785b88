"""What the OpenAPI document allows and forbids, sent by schemathesis; in two parts, as two processes share the work."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

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

# Every field of every kind, wrong in every way, once more for each of them in a batch, in a graph and in what is kept
# for later: those of single jobs are tried. Nor is each made up ten times, which takes seconds.
[[operations]]
include-operation-id = ["submit_batch", "make_schedule", "change_schedule"]
phases.coverage.enabled = false
generation.max-examples = 3

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


async def nothing_breaks(live: Live, folder: Path, *which: str) -> None:
    """Try these operations, as its options name them: none may answer what the document does not say."""
    config = await configured(live, folder)
    # No worker is there to end a job: a wait for one, or a stream of its news, shall answer with what there is.
    live.stand.services.watchers.close()
    told, status = await schemathesis(live, config, *which)
    assert status == 0, told
    selected = re.search(r"Selected: (\d+)/\d+\s+Tested: (\d+)\s", told)
    assert selected is not None, told
    assert 0 < int(selected[1]) == int(selected[2]), told


async def configured(live: Live, folder: Path) -> Path:
    """Its configuration, once what that names is there."""
    async with live.client() as client:
        file = (await client.post("/api/v1/files", files={"file": ("a.wav", recording())})).json()
        made = await live.stand.store("transcript.txt", b"hello", "text/plain")
        job_id = await live.stand.done(client, [made])
    config = folder / "schemathesis.toml"
    (folder / "hooks.py").write_text(HOOKS)
    config.write_text(CONFIG.format(file_id=file["id"], job_id=job_id))
    return config


async def schemathesis(live: Live, config: Path, *which: str) -> tuple[str, int | None]:
    """Run it as its users do; what it says, and its exit status."""
    command = ["-m", "schemathesis.cli", "--config-file", str(config), "run", f"{live.url}/openapi.json", *which]
    key = ["--header", f"Authorization: Bearer {ADMIN_KEY}"]
    folder = config.parent
    run = await asyncio.create_subprocess_exec(sys.executable, *command, *key, cwd=folder, stdout=PIPE, stderr=STDOUT)
    told, _ = await run.communicate()
    return told.decode(), run.returncode
