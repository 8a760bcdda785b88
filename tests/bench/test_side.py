from __future__ import annotations

from pathlib import Path

import pytest

from bench.recovery import side
from bench.recovery.procrastinate_worker import DATABASE
from bench.recovery.settings import WORKERS
from bench.recovery.sides import Procrastinate
from chaos.process import Process


class Up:
    """A server that is up for as long as it is not stopped."""

    url = "postgresql://nowhere"

    def __init__(self, _folder: Path) -> None:
        self.is_up = False

    async def start(self) -> None:
        self.is_up = True

    async def stop(self) -> None:
        self.is_up = False


class Prepared(Procrastinate):
    async def prepare(self) -> None:
        """There is nothing to prepare."""


class Unprepared(Procrastinate):
    async def prepare(self) -> None:
        raise RuntimeError("no tables")


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side, "Server", Up)
    monkeypatch.setattr(Process, "start", lambda _: None)


async def test_a_side_that_cannot_be_prepared_leaves_no_server_behind(tmp_path: Path) -> None:
    broken = Unprepared(tmp_path / "broken")
    with pytest.raises(RuntimeError, match="no tables"):
        await broken.__aenter__()
    assert not vars(broken.server)["is_up"]


async def test_workers_are_set_by_their_side_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__QUEUES", '["gpu"]')
    async with Prepared(tmp_path / "side") as prepared:
        environments = [worker.environment for worker in prepared.workers]
    assert len(environments) == WORKERS
    assert all(environment[DATABASE] == Up.url for environment in environments)
    assert not any(name.startswith("PLAYHEAD_") for environment in environments for name in environment)
