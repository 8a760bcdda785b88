"""Notes of a real piece by the real model. See tests/media/README.md and bench/notation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import mido
import mir_eval
import numpy as np
import psutil
import pytest
import pytest_asyncio

from playhead.engines import NotationOptions, NotationStep, Note
from playhead.errors import MediaUnreadableError, TooLargeError
from playhead.settings import NotationSettings
from tests.engines.sounds import write_wave
from tests.kinds.midis import notes_of
from worker.engines import process
from worker.engines.notation import finding
from worker.engines.notation.activations import Activations
from worker.engines.notation.finding import find_notes
from worker.engines.notator import BasicPitchNotator

pytestmark = pytest.mark.models

MEDIA = Path(__file__).parent.parent / "media"
MUSIC = MEDIA / "music.opus"
STANDARD = NotationOptions()
SENSITIVE = NotationOptions(onset_threshold=0.02, frame_threshold=0.02, minimum_note_seconds=0)
NOISY = NotationOptions(onset_threshold=0.95, frame_threshold=0.9, minimum_note_seconds=0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def notator() -> AsyncIterator[BasicPitchNotator]:
    made = BasicPitchNotator(NotationSettings(max_recording_seconds=60))
    yield made
    await made.close()


async def _steps(
    notator: BasicPitchNotator, recording: Path, options: NotationOptions = STANDARD
) -> list[NotationStep]:
    return [step async for step in notator.notate(recording, options)]


async def _notes(notator: BasicPitchNotator, recording: Path, options: NotationOptions = STANDARD) -> list[Note]:
    notes = (await _steps(notator, recording, options))[-1].notes
    assert notes is not None
    return notes


def _f1(truth: Sequence[Note], found: Sequence[Note]) -> float:
    """Of notes whose onset is right within 50 ms, and their pitch."""

    def both(notes: Sequence[Note]) -> tuple[object, object]:
        times = np.array([(note.start, note.end) for note in notes])
        return times, 440 * 2 ** ((np.array([note.pitch for note in notes]) - 69) / 12)

    *_, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
        *both(truth), *both(found), onset_tolerance=0.05, offset_ratio=None
    )
    return float(f1)


async def test_notes_are_as_good_as_those_of_the_original(notator: BasicPitchNotator) -> None:
    truth = notes_of(mido.MidiFile(MEDIA / "music.mid"))
    told = json.loads((MEDIA / "music.basic-pitch.json").read_text())
    original = [Note(start=start, end=end, pitch=pitch, amplitude=level) for start, end, pitch, level in told]
    found = await _notes(notator, MUSIC)
    assert _f1(truth, found) >= _f1(truth, original) - 0.005
    assert _f1(truth, found) > 0.6
    assert _f1(original, found) > 0.97


async def test_it_listens_step_by_step_to_the_end(notator: BasicPitchNotator) -> None:
    *steps, last = await _steps(notator, MUSIC)
    done = [step.done_seconds for step in steps]
    assert len(done) > 2
    assert done == sorted(done)
    assert done[-1] == last.done_seconds == last.duration_seconds == pytest.approx(20.8, abs=0.1)
    assert all(step.notes is None for step in steps)
    assert last.notes == sorted(last.notes or [], key=lambda note: (note.start, note.pitch))
    assert all(note.start < note.end <= last.duration_seconds and 0 < note.amplitude <= 1 for note in last.notes)


async def test_options_choose_notes(notator: BasicPitchNotator) -> None:
    high = await _notes(notator, MUSIC, NotationOptions(minimum_hz=440, maximum_hz=880))
    assert {note.pitch for note in high} <= set(range(69, 82))
    assert {69, 81} & {note.pitch for note in high}
    long = await _notes(notator, MUSIC, NotationOptions(minimum_note_seconds=0.5))
    assert long
    assert min(note.end - note.start for note in long) >= 0.48
    sure = await _notes(notator, MUSIC, NotationOptions(onset_threshold=0.9, frame_threshold=0.8))
    assert len(sure) < len(await _notes(notator, MUSIC))


async def test_many_notes_come_in_lines_that_the_worker_reads_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LONGEST_LINE", 100_000)
    notator = BasicPitchNotator(NotationSettings())
    try:
        notes = await _notes(notator, MUSIC, SENSITIVE)
    finally:
        await notator.close()
    assert len(notes) > 2000
    assert notes == sorted(notes, key=lambda note: (note.start, note.pitch))


@pytest.mark.parametrize("bound", ["_MOST_NOTES", "_MOST_ONSETS", "_MOST_LOUD"])
def test_notes_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    noise = np.random.default_rng(1).random((2, 500, 88), np.float32)
    with Activations(tmp_path) as activations:
        activations.append(*noise)
        assert find_notes(activations, NOISY)
        monkeypatch.setattr(finding, bound, 10)
        with pytest.raises(TooLargeError, match=r"is it noise\? Set params.onset_threshold"):
            find_notes(activations, NOISY)


@pytest.mark.parametrize("seconds", [0.005, 0.1, 3])
async def test_silence_has_no_notes(notator: BasicPitchNotator, tmp_path: Path, seconds: float) -> None:
    write_wave(tmp_path / "silence.wav", np.zeros(round(16_000 * seconds), np.int16))
    last = (await _steps(notator, tmp_path / "silence.wav"))[-1]
    assert last.notes == []
    assert last.duration_seconds == pytest.approx(seconds, abs=0.01)


async def test_what_cannot_be_heard_is_told_and_the_engine_lives_on(notator: BasicPitchNotator, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").touch()
    (noise := tmp_path / "noise").write_bytes(bytes(range(256)) * 40)
    for path in (empty, noise):
        with pytest.raises(MediaUnreadableError):
            await _steps(notator, path)
    before = notator._child.pid
    write_wave(tmp_path / "long.wav", np.zeros(16_000 * 61, np.int16))
    with pytest.raises(TooLargeError):
        await _steps(notator, tmp_path / "long.wav")
    assert notator._child.pid == before


async def test_canceling_ends_the_listening_and_leaves_nothing(notator: BasicPitchNotator) -> None:
    steps = notator.notate(MUSIC, STANDARD)
    await anext(steps)
    await steps.aclose()
    assert notator._child.pid
    engine = psutil.Process(notator._child.pid)
    assert await asyncio.to_thread(engine.cpu_percent, 0.2) < 50
    assert not [file.path for file in engine.open_files() if file.path == str(MUSIC)]
