"""How much memory an engine holds, and when it has grown too far."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from playhead.settings import SpeechSettings
from worker.engines import memory, memory_bound
from worker.engines.memory_bound import MemoryBound


@pytest.mark.parametrize(
    ("held", "passed", "passed_at_a_price"),
    [(100, False, False), (101, True, False), (125, True, False), (126, True, True)],
)
def test_an_engine_grows_further_where_its_renewal_has_a_price_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
    held: int,
    passed: bool,  # noqa: FBT001
    passed_at_a_price: bool,  # noqa: FBT001
) -> None:
    bound = MemoryBound(SpeechSettings(recycle_above_bytes=100))
    monkeypatch.setattr(memory_bound, "held_bytes", lambda _: 10)
    assert not bound.is_passed(1)
    monkeypatch.setattr(memory_bound, "held_bytes", lambda _: held)
    assert bound.is_passed(1) == passed
    assert bound.is_passed(1, at_a_price=True) == passed_at_a_price


def test_an_engine_that_cannot_be_measured_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(psutil, "Process", refuse)
    assert memory.held_bytes(os.getpid()) == 0


def test_the_bound_is_a_share_of_what_the_container_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").write_text("0::/outer.slice/inner.service\n")
    inner = tmp_path / "mounted" / "outer.slice" / "inner.service"
    inner.mkdir(parents=True)
    monkeypatch.setattr(memory, "_OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "_MOUNTED", tmp_path / "mounted")
    assert memory.usable_bytes() == psutil.virtual_memory().total

    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text("123456\n")
    assert memory.usable_bytes() == 123456

    (tmp_path / "own").write_text("1:name=systemd:/\n")  # Version 1 has its limits elsewhere.
    assert memory.usable_bytes() == psutil.virtual_memory().total
