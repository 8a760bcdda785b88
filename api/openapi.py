"""The OpenAPI document, for people as much as for generators."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems import Problem

DESCRIPTION = """
Upload a recording, submit a job, wait for it, download what it made:

```sh
FILE=$(curl -sf -H "Authorization: Bearer $KEY" -F file=@talk.mp3 $URL/api/v1/files | jq -r .id)
JOB=$(curl -sf -H "Authorization: Bearer $KEY" --json '{"kind": "transcribe", "input": {"file": "'$FILE'"}}' \\
  $URL/api/v1/jobs | jq -r .id)
curl -sf -H "Authorization: Bearer $KEY" "$URL/api/v1/jobs/$JOB?wait=60" | jq .state
curl -sf -H "Authorization: Bearer $KEY" $URL/api/v1/jobs/$JOB/outputs/transcript.srt
```

Times are RFC 3339 in UTC, durations are seconds, ids are UUIDv7. Every answer carries an `X-Request-ID`: the one you
sent, or a new one. What goes wrong is told as
[problem details](https://www.rfc-editor.org/rfc/rfc9457) with a stable `code` and, where there is one, the `field`.
Things of other owners do not exist for you: they are 404.
"""

TAGS = [
    {"name": "files", "description": "Recordings, uploaded once and used by any number of jobs."},
    {"name": "jobs", "description": "Work on recordings: submitted, watched, steered, its outputs downloaded."},
    {"name": "batches", "description": "Many jobs at once: one for each of many inputs, or a graph by names."},
    {"name": "podcasts", "description": "Feeds, their episodes, and word of what is new, at once or in a digest."},
    {"name": "schedules", "description": "Work that is asked for again and again, at times of your choice."},
    {"name": "adventures", "description": "Stories for learners of a language, an entry and a decision at a time."},
    {"name": "operations", "description": "What an operator looks at."},
    {"name": "health", "description": "For machines that watch this one. No key needed."},
]


def install(app: FastAPI) -> None:
    """Complete what FastAPI generates. The document is made once, on first use."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            inner = schema.pop("$defs", {})
            document["components"]["schemas"].update({Problem.__name__: schema, **inner})
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign] # FastAPI's own way to extend it
