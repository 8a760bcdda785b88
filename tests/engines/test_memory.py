"""How much memory an engine holds, and when it has grown too far."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

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


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service's control group, which another holds; neither has a limit yet."""
    (tmp_path / "own").write_text("0::/outer.slice/inner.service\n")
    inner = tmp_path / "mounted" / "outer.slice" / "inner.service"
    inner.mkdir(parents=True)
    monkeypatch.setattr(memory, "_OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "_MOUNTED", tmp_path / "mounted")
    return inner


def test_the_bound_is_a_share_of_what_the_container_may_have(container: Path) -> None:
    assert memory.usable_bytes() == psutil.virtual_memory().total

    (container / "memory.max").write_text("max\n")
    (container.parent / "memory.max").write_text("123456\n")
    assert memory.usable_bytes() == 123456

    memory._OWN.write_text("1:name=systemd:/\n")  # Version 1 has its limits elsewhere.
    assert memory.usable_bytes() == psutil.virtual_memory().total


def test_what_the_container_holds_already_cannot_be_had_but_files_it_has_cached_can(
    container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    assert memory.available_bytes() == 1000

    (container / "memory.max").write_text("900\n")  # A kernel that tells no more than this.
    assert memory.available_bytes() == 900

    _limit(container, 900, held=700, cached=300)
    assert memory.available_bytes() == 500

    _limit(container.parent, 800, held=700, cached=100)
    assert memory.available_bytes() == 200

    _limit(container.parent, 500, held=700, cached=100)
    assert memory.available_bytes() == 0


def _limit(group: Path, limit: int, *, held: int, cached: int) -> None:
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{held}\n")
    (group / "memory.stat").write_text(f"anon 7\ninactive_file {cached - 100}\nactive_file 100\nslab 7\n")
