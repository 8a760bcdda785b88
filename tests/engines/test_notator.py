"""What every notator must do, the stub as well as the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from playhead.engines import NotationOptions, NotationStep, Notator
from playhead.errors import MediaUnreadableError
from playhead.settings import NotationSettings
from worker.engines.notator import BasicPitchNotator
from worker.engines.stubs.notator import StubNotator

MUSIC = Path(__file__).parent.parent / "media" / "music.opus"
STANDARD = NotationOptions()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real() -> AsyncIterator[Notator]:
    made = BasicPitchNotator(NotationSettings())
    yield made
    await made.close()


@pytest.fixture
def stub() -> Notator:
    return StubNotator()


@pytest.fixture(params=["stub", pytest.param("real", marks=pytest.mark.models)])
def notator(request: pytest.FixtureRequest) -> Notator:
    made: Notator = request.getfixturevalue(request.param)
    return made


async def _steps(notator: Notator, recording: Path, options: NotationOptions = STANDARD) -> list[NotationStep]:
    return [step async for step in notator.notate(recording, options)]


async def test_says_how_far_it_is_and_the_notes_at_the_end(notator: Notator) -> None:
    *steps, last = await _steps(notator, MUSIC)
    assert last.notes
    assert steps
    assert all(step.notes is None for step in steps)
    done = [step.done_seconds for step in [*steps, last]]
    assert done == sorted(done)
    assert done[-1] == last.duration_seconds
    assert {(step.duration_seconds, step.model) for step in steps} == {(last.duration_seconds, last.model)}


async def test_notes_lie_in_the_recording_in_order(notator: Notator) -> None:
    last = (await _steps(notator, MUSIC))[-1]
    assert last.notes
    assert last.notes == sorted(last.notes, key=lambda note: (note.start, note.pitch))
    for note in last.notes:
        assert 0 <= note.start < note.end <= last.duration_seconds
        assert 21 <= note.pitch <= 108
        assert 0 < note.amplitude <= 1


async def test_the_same_recording_gives_the_same_notes(notator: Notator) -> None:
    assert (await _steps(notator, MUSIC))[-1].notes == (await _steps(notator, MUSIC))[-1].notes


async def test_only_what_is_wanted_is_found(notator: Notator) -> None:
    every = (await _steps(notator, MUSIC))[-1].notes or []
    some = (await _steps(notator, MUSIC, NotationOptions(minimum_hz=260, maximum_hz=530)))[-1].notes or []
    assert 0 < len(some) < len(every)
    assert {note.pitch for note in some} <= set(range(60, 73))
    assert not (await _steps(notator, MUSIC, NotationOptions(minimum_note_seconds=30)))[-1].notes


async def test_an_empty_file_is_no_recording(notator: Notator, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").touch()
    with pytest.raises(MediaUnreadableError):
        await _steps(notator, empty)


async def test_it_can_be_left_at_any_step(notator: Notator) -> None:
    async with aclosing(notator.notate(MUSIC, STANDARD)) as steps:
        await anext(steps)
    assert (await _steps(notator, MUSIC))[-1].notes
