from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from playhead.errors import InvalidError
from playhead.storage import Storage
from worker.context import JobContext

NOTHING: Any = None


@pytest.mark.parametrize("name", ["../../a.txt", "a\0.txt", "A.TXT"])
async def test_a_kind_cannot_store_what_would_leave_a_folder_or_replace_another(name: str, tmp_path: Path) -> None:
    storage = Storage.from_url(tmp_path.as_uri())
    context = JobContext(NOTHING, NOTHING, storage, NOTHING, NOTHING, tmp_path, NOTHING)
    for content in (b"first", b"again"):
        await context.save_output("a.txt", content, "text/plain")
    with pytest.raises(InvalidError):
        await context.save_output(name, b"text", "text/plain")
    assert list(context.made) == ["a.txt"]
