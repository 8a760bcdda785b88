"""What must hold of the storage: the rule finds what is planted."""

from __future__ import annotations

from pathlib import Path

from chaos.checks import storage
from chaos.verdict import Verdict
from playhead.storage import Storage
from tests.chaos.forged import rules


async def test_missing_and_wrong_bytes_are_found(tmp_path: Path, found: Verdict) -> None:
    there = Storage.from_url((tmp_path / "storage").as_uri())
    good, bad, gone = [await there.put_bytes(text) for text in (b"good", b"bad", b"gone")]
    await storage.check_bytes(there, [(good.sha256, 4)], found)
    assert rules(found) == set()
    path = tmp_path / "storage" / "blobs" / bad.sha256[:2] / bad.sha256[2:4] / bad.sha256
    path.chmod(0o600)
    path.write_bytes(b"BAD")
    await there.delete(gone.sha256)
    await storage.check_bytes(there, [(bad.sha256, 3), (gone.sha256, 4), (good.sha256, 5)], found)
    assert [one.rule for one in found.violations] == ["bytes"] * 3
