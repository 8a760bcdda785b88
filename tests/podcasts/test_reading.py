"""The process that reads feeds is bounded, and dies with its parent."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import psutil
import pytest

from playhead.errors import FeedUnreadableError
from playhead.podcasts.polling import reading
from playhead.podcasts.polling.fetching import Answer, Known
from tests.podcasts.feeds import item, rss

if TYPE_CHECKING:
    from pathlib import Path

WRITES = "import os; os.write(os.open('written', os.O_CREAT | os.O_WRONLY), b'x')"
WHERE = "http://example.com/feed.xml"


def came(body: bytes) -> Answer:
    return Answer(Known(WHERE), WHERE, "text/xml", body)


def reader(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a feed's reader do this instead, within the same bounds."""
    bound = "import sys; from playhead.podcasts.parsing.bounds import bind; bind(int(sys.argv[1]))"
    (folder / "odd_reader.py").write_text(f"{bound}\n{code}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(reading, "MODULE", "odd_reader")


async def test_a_feed_is_read() -> None:
    document = await reading.read(came(rss(item("a"), title="The show")))
    assert (document.title, document.is_whole, [entry.title for entry in document.entries]) == ("The show", True, ["a"])


@pytest.mark.parametrize(
    "code",
    ["bytearray(2 * 1024**3)", "import os; os.abort()", WRITES, "1 / 0"],
    ids=["takes memory", "dies", "writes a file", "breaks"],
)
async def test_a_reader_that_is_led_astray_costs_that_feed_alone(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reader(tmp_path, code, monkeypatch)
    with pytest.raises(FeedUnreadableError):
        await reading.read(came(b""))


async def test_a_reader_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader(tmp_path, "import signal; signal.pause()", monkeypatch)
    monkeypatch.setattr(reading, "LONGEST_SECONDS", 0.2)
    with pytest.raises(FeedUnreadableError, match="too long"):
        await reading.read(came(b""))
    assert readers() == []


async def test_a_reader_is_ended_with_the_poll_that_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    reader(tmp_path, f"open({str(ready)!r}, 'w'); import signal; signal.pause()", monkeypatch)
    begun = asyncio.create_task(reading.read(came(b"")))
    (await asyncio.to_thread(ready.open)).close()
    assert len(readers()) == 1
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert readers() == []


async def test_a_reader_is_not_told_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "secret")
    code = "import json, os; print(json.dumps({'refused': str('PLAYHEAD_ADMIN_KEY' in os.environ)}))"
    reader(tmp_path, code, monkeypatch)
    with pytest.raises(FeedUnreadableError, match="False"):
        await reading.read(came(b""))


def readers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "odd_reader" in child.cmdline()]
