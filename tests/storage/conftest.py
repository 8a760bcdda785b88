from __future__ import annotations

from pathlib import Path

import pytest

from playhead.storage import Storage


@pytest.fixture
def folder_url(tmp_path: Path) -> str:
    return (tmp_path / "a folder").as_uri()


@pytest.fixture(params=["folder", "s3"])
def storage_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def storage(storage_url: str) -> Storage:
    return Storage.from_url(storage_url)
