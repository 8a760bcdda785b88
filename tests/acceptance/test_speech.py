"""The main job, through HTTP and a real worker process, with real models on real recordings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import jiwer
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

MEDIA = Path(__file__).parent.parent / "media"
CLIPS = sorted(MEDIA.glob("sense-and-sensibility-*.flac"))


@pytest.mark.models
def test_librivox_clips_are_transcribed_with_few_errors(speaking: Stack) -> None:
    jobs = [
        speaking.submit(speaking.upload(clip.read_bytes(), clip.name), params={"language": "en", "temperature": 0})
        for clip in CLIPS
    ]
    ended = [speaking.ended(job) for job in jobs]
    assert [job["error"] for job in ended] == [None] * len(CLIPS)
    normal = EnglishTextNormalizer()
    said = [normal(clip.with_suffix(".txt").read_text()) for clip in CLIPS]
    heard = [normal(job["result"]["text"]) for job in ended]
    assert len(CLIPS) == 5
    assert jiwer.wer(said, heard) < 0.06
    for job in ended:
        assert job["gpu_seconds"] > 0
        assert speaking.output(job, "transcript.srt").startswith("1\n00:00:0")
        assert speaking.output(job, "transcript.vtt").startswith("WEBVTT")


@pytest.mark.models
def test_segments_stream_out_before_the_end(speaking: Stack) -> None:
    clip = CLIPS[0]
    job = speaking.submit(speaking.upload(clip.read_bytes(), clip.name), params={"temperature": 0})
    with speaking.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        seen = [line.split(":", 1)[1].strip() for line in stream.iter_lines() if line.startswith("event:")]
    assert seen[0] == "state"
    assert "segment" in seen
    assert seen[-1] == "state"
    assert seen.index("segment") < len(seen) - 1


@pytest.mark.heavy
@pytest.mark.models
def test_a_hundred_broken_files_end_in_clear_errors_and_the_worker_lives(speaking: Stack) -> None:
    from tests.engines.broken import broken_media

    broken = list(broken_media())
    assert len(broken) >= 100
    worker = speaking.log.wait_for("worker_ready")["worker_id"]  # It is not there yet when the API is.

    def outcome(item: tuple[str, bytes]) -> tuple[str, str]:
        name, content = item
        answer = speaking.http.post("/api/v1/files", files={"file": (name, content)})
        if answer.status_code != 201:  # Refused at the door, with nothing stored.
            return name, str(answer.json()["code"])
        job = speaking.ended(speaking.submit(answer.json()))
        assert job["attempt"] == 1, (name, job)
        return name, str((job["error"] or {}).get("code"))

    with ThreadPoolExecutor(8) as pool:
        codes = dict(pool.map(outcome, broken))
    clear = {"media_unreadable", "media_without_audio", "unsupported_media", "invalid"}
    assert {name: code for name, code in codes.items() if code not in clear} == {}
    assert list(codes.values()).count("media_unreadable") >= 50
    (alive,) = speaking.http.get("/api/v1/workers").raise_for_status().json()["items"]
    assert alive["id"] == worker
