"""Reading recordings, in the test's own process: what a user gets for what he sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import pytest

from playhead.errors import MediaUnreadableError, MediaWithoutAudioError, TooLargeError
from tests.engines.broken import FORMATS, broken_media, damaged_media, film, recording
from worker.engines.speech.media import read
from worker.engines.speech.sound import Sound


def _read(path: Path, max_seconds: float = 3600.0) -> Sound:
    return read(path, max_seconds, lambda: None)


@pytest.fixture
def stored(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The content that the test is parametrised with, under the name that inputs have in a worker: none that tells."""
    path = tmp_path / "input"
    path.write_bytes(request.param)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_reads_every_common_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / "input"
    path.write_bytes(recording(name))

    with _read(path) as sound:
        assert sound.seconds == pytest.approx(7.1, abs=0.1)
        assert 0.1 < abs(sound.cut(0, sound.samples)).max() <= 1


def test_there_are_a_hundred_broken_files() -> None:
    assert len({content for _, content in broken_media()}) >= 100


@pytest.mark.parametrize(
    "stored", [pytest.param(content, id=name) for name, content in broken_media()], indirect=["stored"]
)
def test_broken_media_say_what_is_wrong(stored: Path) -> None:
    with pytest.raises((MediaUnreadableError, MediaWithoutAudioError)) as raised:
        _read(stored)

    assert str(stored.parent) not in raised.value.message
    assert raised.value.message.endswith(".")


@pytest.mark.parametrize(
    "stored", [pytest.param(content, id=name) for name, content in damaged_media()], indirect=["stored"]
)
def test_damaged_media_give_what_is_left(stored: Path) -> None:
    with _read(stored) as sound:
        assert 4 < sound.seconds < 7.2


def test_a_film_without_sound_is_told_from_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(film("mp4", "mpeg4"))

    with pytest.raises(MediaWithoutAudioError, match="no sound"):
        _read(path)


def test_a_recording_longer_than_allowed_is_refused(speech: Path) -> None:
    with pytest.raises(TooLargeError, match="longer"):
        _read(speech, max_seconds=3)


def test_the_caller_may_stop_in_the_midst(speech: Path) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        read(speech, 3600, stop)


@pytest.fixture
def listener() -> Iterator[tuple[int, threading.Event]]:
    """A port of this machine, and whether somebody called there."""
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    called.set()
                    connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], called
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_playlist_reaches_no_address(tmp_path: Path, listener: tuple[int, threading.Event]) -> None:
    port, called = listener
    path = tmp_path / "input.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n")

    with pytest.raises(MediaUnreadableError):
        _read(path)
    assert not called.is_set()

    # That this test can fail: opened without care, the same file does call.
    with pytest.raises(av.FFmpegError):
        av.open(str(path), options={"protocol_whitelist": "file,http,tcp"})
    assert called.is_set()
