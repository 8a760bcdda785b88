from __future__ import annotations

import io
import wave

import pytest

from api.media import READER_BUDGET_BYTES, duration_seconds, sniff
from playhead.errors import InvalidError, UnsupportedMediaError
from playhead.storage import Storage


def wav(seconds: int = 1) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000 * seconds)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (wav()[:8192], "audio/wav"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(60), "audio/mpeg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"OggS\0\2" + bytes(60), "audio/ogg"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
        (b"\0\0\0\x20ftypM4A \0\0\2\0isomiso2", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm", "video/webm"),
    ],
)
@pytest.mark.parametrize("name", [None, "document.pdf", "talk.mp3"])
@pytest.mark.parametrize("declared", [None, "application/pdf", "audio/x-other"])
def test_recognised_media_is_what_its_bytes_say(
    head: bytes, expected: str, name: str | None, declared: str | None
) -> None:
    assert sniff(head, name, declared) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(60),
        b"MZ\x90\0\x03" + bytes(60),
        b"\x7fELF\x02\x01" + bytes(60),
        b"\x89PNG\r\n\x1a\n" + bytes(60),
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\xef\xbb\xbf \n<!DOCTYPE HTML><p>",
        b"<html lang=en>",
    ],
)
def test_what_is_recognised_as_something_else_is_refused_whatever_it_is_called(head: bytes) -> None:
    with pytest.raises(UnsupportedMediaError) as caught:
        sniff(head, "talk.mp3", "audio/mpeg")
    assert caught.value.field == "file"


@pytest.mark.parametrize(
    ("name", "declared", "expected"),
    [
        ("talk.MP3", None, "audio/mpeg"),
        ("talk.mp3", "application/octet-stream", "audio/mpeg"),
        (None, "Audio/X-WAV; rate=8000", "audio/wav"),
        ("anything.bin", "video/x-unheard-of", "video/x-unheard-of"),
        ("talk.de.srt", None, "application/x-subrip"),
        ("talk", "text/vtt", "text/vtt"),
        ("notes.md", None, "text/markdown"),
        ("transcript.json", "application/json", "application/json"),
    ],
)
def test_bytes_that_say_nothing_are_what_the_client_says(name: str | None, declared: str | None, expected: str) -> None:
    assert sniff(b"\x01\x02\x03\x04 nothing known", name, declared) == expected


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        (None, None),
        ("talk", None),
        ("mp3", None),
        ("page.html", "text/html"),
        (None, "application/octet-stream"),
        (None, "image/png"),
        ("x.exe", ""),
    ],
)
def test_bytes_that_nobody_vouches_for_are_refused(name: str | None, declared: str | None) -> None:
    with pytest.raises(UnsupportedMediaError):
        sniff(b"\x01\x02\x03\x04 nothing known", name, declared)


def test_an_empty_upload_is_refused() -> None:
    with pytest.raises(InvalidError) as caught:
        sniff(b"", "talk.mp3", "audio/mpeg")
    assert caught.value.field == "file"


def reader(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


async def test_the_header_tells_the_length(tmp_path_factory: pytest.TempPathFactory) -> None:
    storage = Storage.from_url(tmp_path_factory.mktemp("storage").as_uri())
    blob = await storage.put_bytes(wav(3))
    stored = await storage.open_reader(blob.sha256, budget_bytes=READER_BUDGET_BYTES)
    assert await duration_seconds(stored) == pytest.approx(3)


MP4_OF_TINY_ATOMS = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + (b"\0\0\0\x08free" * 500_000)
MP4_OF_ONE_HUGE_ATOM = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\xff\xff\xff\xf0moov\xff\xff\xff\xe0udta" + bytes(99)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        wav()[:20],
        b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff",
        b"nothing known" * 100,
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1000),
        b"fLaC\0\xff\xff\xff",
        MP4_OF_TINY_ATOMS,
        MP4_OF_ONE_HUGE_ATOM,
        b"OggS\0\2" + bytes(21) + b"\xff" * 3000,
    ],
)
async def test_a_broken_or_hostile_header_tells_nothing_and_raises_nothing(data: bytes) -> None:
    assert await duration_seconds(reader(data)) is None


async def test_a_reader_over_its_budget_tells_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    storage = Storage.from_url(tmp_path_factory.mktemp("storage").as_uri())
    blob = await storage.put_bytes(wav(3))
    assert await duration_seconds(await storage.open_reader(blob.sha256, budget_bytes=10)) is None
