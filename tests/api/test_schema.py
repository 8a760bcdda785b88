from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.conftest import Live
from tests.api.schemathesis import nothing_breaks


@pytest.mark.heavy
async def test_nothing_that_the_document_allows_or_forbids_breaks_it(live: Live, tmp_path: Path) -> None:
    await nothing_breaks(live, tmp_path, "--exclude-path-regex", "^/api/v1/jobs")


async def test_allow_names_every_method_of_a_path(live: Live) -> None:
    async with live.client() as client:
        answer = await client.put("/api/v1/jobs")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
