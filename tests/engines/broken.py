"""A hundred and more files that are no recordings, made the same every time, and some that are damaged but speak.

What ``broken_media`` gives must each end in ``media_unreadable`` or ``media_without_audio``; what ``damaged_media``
gives, in a transcript.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

SPEECH = Path(__file__).parent.parent / "media" / "sense-and-sensibility-0870.flac"

# Container, audio codec, sample format, sample rate.
FORMATS = {
    "wav": ("wav", "pcm_s16le", "s16", 16000),
    "mp3": ("mp3", "libmp3lame", "s16p", 16000),
    "flac": ("flac", "flac", "s16", 16000),
    "ogg": ("ogg", "libopus", "s16", 48000),
    "mp4": ("mp4", "aac", "fltp", 16000),
    "webm": ("webm", "libopus", "s16", 48000),
}

MP4_START = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"

DASH = (
    b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    b'mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" '
    b'bandwidth="1"><BaseURL>file:///etc/passwd</BaseURL></Representation></AdaptationSet></Period></MPD>'
)


def broken_media() -> Iterator[tuple[str, bytes]]:
    """Files in which there is nothing to hear, each with a name that says why."""
    yield from _empty()
    yield from _cut_off()
    yield from _random()
    yield from _other_files()
    yield from _pictures()
    yield from _playlists()
    yield from _silent_films()
    yield from _hostile_waves()
    yield from _hostile_others()


def damaged_media() -> Iterator[tuple[str, bytes]]:
    """Recordings that lost a part, or go by another name, but still speak."""
    for name in FORMATS:
        whole = recording(name)
        yield f"renamed-{name}.txt", whole
        yield f"damaged-in-the-middle.{name}", _damaged(whole)
    for name in ("wav", "mp3", "flac", "ogg", "webm"):
        whole = recording(name)
        yield f"cut-off-late.{name}", whole[: len(whole) * 3 // 4]


@cache
def recording(name: str) -> bytes:
    """Seven seconds of speech in one of :data:`FORMATS`."""
    container, codec, sample_format, rate = FORMATS[name]
    out = io.BytesIO()
    with av.open(str(SPEECH)) as source, av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        stream.format = sample_format
        resampler = av.AudioResampler(sample_format, "mono", rate)
        for frame in source.decode(audio=0):
            for resampled in resampler.resample(frame):
                target.mux(stream.encode(resampled))
        for resampled in resampler.resample(None):
            target.mux(stream.encode(resampled))
        target.mux(stream.encode(None))
    return out.getvalue()


@cache
def film(container: str, codec: str) -> bytes:
    """A second of grey without any sound."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(25):
            target.mux(stream.encode(_grey()))
        target.mux(stream.encode(None))
    return out.getvalue()


def _grey() -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), "rgb24")


def _damaged(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + _noise(1, 200) + whole[middle + 200 :]


def _noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 - the same bytes every time are the point


def _empty() -> Iterator[tuple[str, bytes]]:
    for name in FORMATS:
        yield f"empty.{name}", b""


def _cut_off() -> Iterator[tuple[str, bytes]]:
    for name, lengths in {
        "wav": (1, 4, 12, 20, 36, 43, 44),
        "mp3": (1, 10, 45, 64),
        "flac": (1, 4, 8, 20, 42, 200, 1000),
        "ogg": (1, 4, 27, 28, 47, 100),
        "webm": (1, 4, 20, 40, 100, 200),
    }.items():
        for length in lengths:
            yield f"cut-off-after-{length}.{name}", recording(name)[:length]
    # The index of an MP4 stands at its end: whatever is cut off, nothing can be found without it.
    whole = recording("mp4")
    for percent in (1, 5, 10, 25, 50, 75, 90, 95):
        yield f"cut-off-after-{percent}-percent.mp4", whole[: len(whole) * percent // 100]


def _random() -> Iterator[tuple[str, bytes]]:
    for seed, length in enumerate((1, 16, 100, 1000, 5000, 20000, 100000)):
        yield f"random-{length}.wav", _noise(seed, length)
    magics = {
        "wav": b"RIFF\xff\xff\xff\x7fWAVE",
        "flac": b"fLaC",
        "ogg": b"OggS\x00\x02",
        "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x0a",
        "mp4": MP4_START,
        "webm": b"\x1a\x45\xdf\xa3",
        "aiff": b"FORM\x7f\xff\xff\xffAIFF",
        "avi": b"RIFF\xff\xff\xff\x7fAVI LIST",
        "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        "caf": b"caff\x00\x01\x00\x00",
        "flv": b"FLV\x01\x05\x00\x00\x00\x09",
    }
    for seed, (name, magic) in enumerate(magics.items()):
        yield f"magic-then-random.{name}", magic + _noise(100 + seed, 30000)


def _other_files() -> Iterator[tuple[str, bytes]]:
    yield "zeros.wav", bytes(10000)
    yield "ones.mp3", b"\xff" * 10000
    yield "text.mp3", b"This is not a recording. " * 400
    yield "text-utf16.wav", ("Nor is this. " * 400).encode("utf-16")
    yield "page.mp4", b"<!doctype html><html><body>404 Not Found</body></html>"
    yield "answer.mp3", b'{"error": "not found"}'
    yield "document.pdf.mp3", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + _noise(30, 3000)
    yield "archive.zip.wav", b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + _noise(31, 3000)
    yield "packed.z.flac", zlib.compress(recording("wav"))
    yield "program.ogg", b"\x7fELF\x02\x01\x01" + bytes(9) + _noise(32, 3000)
    yield "subtitles.srt.mp3", b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
    yield "subtitles.vtt.mp3", b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"
    yield "subtitles.ass.mp3", b"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Start, End, Text\n"
    yield "lyrics.lrc.mp3", b"[00:00.00]Hello\n[00:01.00]World\n"
    yield "brainwaves.sbg.mp3", b"on: 100+5/50\noff: -\nNOW on\n+00:01:00 off\n"
    yield "metadata.mp3", b";FFMETADATA1\ntitle=nothing\n"


def _pictures() -> Iterator[tuple[str, bytes]]:
    for name, codec, pixels in (("png", "png", "rgb24"), ("jpg", "mjpeg", "yuvj420p"), ("bmp", "bmp", "bgr24")):
        yield f"picture.{name}.mp3", _picture(codec, pixels)
    yield "picture.gif.mp3", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00" + b"\xff\xff\xff,\x00\x00" + bytes(16)
    yield "picture.svg.mp3", b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def _picture(codec: str, pixels: str) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, pixels
    encoder.time_base = Fraction(1, 25)
    frame = _grey().reformat(format=pixels)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _playlists() -> Iterator[tuple[str, bytes]]:
    targets = {
        "file": "file:///etc/passwd",
        "path": "/etc/passwd",
        "address": "http://127.0.0.1:9/x.ts",
        "concat": "concat:/etc/passwd|/etc/hosts",
        "neighbour": SPEECH.as_posix(),
    }
    for name, target in targets.items():
        yield f"hls-{name}.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n".encode()
        yield f"concat-{name}.mp3", f"ffconcat version 1.0\nfile '{target}'\n".encode()
    yield "dash.mpd", DASH
    yield "session.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n"
    yield "list.pls", b"[playlist]\nFile1=/etc/passwd\nNumberOfEntries=1\nVersion=2\n"
    yield "redirect.asx", b'<asx version="3.0"><entry><ref href="file:///etc/passwd"/></entry></asx>'


def _silent_films() -> Iterator[tuple[str, bytes]]:
    for name, codec in (("mp4", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mpeg4"), ("mpegts", "mpeg2video")):
        yield f"no-sound.{name}", film(name, codec)


def _wave(*, form: int = 1, channels: int = 1, rate: int = 16000, bits: int = 16, size: int = 0) -> bytes:
    align = channels * bits // 8 & 0xFFFF
    header = struct.pack("<HHIIHH", form, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00" + header + b"data" + struct.pack("<I", size)


def _hostile_waves() -> Iterator[tuple[str, bytes]]:
    data = _noise(50, 4000)
    yield "no-channels.wav", _wave(channels=0) + data
    yield "no-rate.wav", _wave(rate=0) + data
    yield "no-bits.wav", _wave(bits=0) + data
    yield "absurd-bits.wav", _wave(bits=65535) + data
    yield "absurd-channels.wav", _wave(channels=65535, size=0xFFFFFFFF) + data
    yield "many-channels.wav", _wave(channels=1000, size=0xFFFFFFFF) + data
    yield "absurd-rate.wav", _wave(rate=0xFFFFFFFF, size=0xFFFFFFFF) + data
    yield "four-gigabytes-of-nothing.wav", _wave(size=0xFFFFFFFF)
    yield "unknown-codec.wav", _wave(form=0x7777, size=4000) + data
    yield "absurd-chunk.wav", b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xff" + data


def _hostile_others() -> Iterator[tuple[str, bytes]]:
    yield "absurd-header.flac", b"fLaC\x80\x00\x00\x22" + b"\xff" * 34
    yield "absurd-metadata.flac", b"fLaC\x04\xff\xff\xff" + _noise(60, 2000)
    yield "absurd-atom.mp4", MP4_START + b"\x7f\xff\xff\xffmoov" + _noise(61, 2000)
    yield "nested-atoms.mp4", MP4_START + b"".join(struct.pack(">I4s", 8000 - 8 * n, b"moov") for n in range(999))
    yield "endless-atom.mp4", MP4_START + b"\x00\x00\x00\x01mdat" + b"\xff" * 8
    yield "nested-elements.webm", b"\x1a\x45\xdf\xa3\x80" + (b"\x18\x53\x80\x67\x01" + b"\xff" * 7) * 500
    yield "absurd-size.au", b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 1, 0xFFFFFFFF, 0xFFFF)
    yield "absurd-header.aiff", b"FORM\xff\xff\xff\xffAIFFCOMM\xff\xff\xff\xff" + b"\xff" * 40
    yield "absurd-header.caf", b"caff\x00\x01\x00\x00desc" + b"\xff" * 48
    yield "page-without-end.ogg", b"OggS\x00\x02" + b"\xff" * 321
