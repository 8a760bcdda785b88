from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.conftest import Live
from tests.api.schemathesis import nothing_breaks


@pytest.mark.heavy
async def test_nothing_that_the_document_says_of_jobs_breaks_it(live: Live, tmp_path: Path) -> None:
    await nothing_breaks(live, tmp_path, "--include-path-regex", "^/api/v1/jobs")
