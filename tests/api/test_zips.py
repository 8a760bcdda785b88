from __future__ import annotations

import threading
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from api.zips import Entry, zipped
from playhead.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("pieces", [1, 2, 3])
async def test_a_zip_file_is_closed_beside_the_event_loop_though_it_is_cut_off(
    pieces: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing: list[threading.Thread] = []

    class Noting(zipfile.ZipFile):
        def close(self) -> None:
            closing.append(threading.current_thread())
            super().close()

    monkeypatch.setattr(zipfile, "ZipFile", Noting)
    storage = Storage.from_url(tmp_path.as_uri())
    stream = zipped(_one((await storage.put_bytes(b"text")).sha256), storage)
    for _ in range(pieces):
        await anext(stream)
    await stream.aclose()
    del stream
    assert closing[0] is not threading.main_thread()


async def _one(sha256: str) -> AsyncIterator[Entry]:
    yield Entry("1/a.txt", sha256, "text/plain", datetime(2026, 1, 31, tzinfo=UTC))
