"""Media of every shape, through the real converter, and decoded again."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from playhead.engines.conversion import MediaFormat
from playhead.errors import MediaUnreadableError, MediaWithoutAudioError, PlayheadError, TooLargeError
from tests.engines.broken import broken_media
from tests.engines.converters import AskedConverter
from tests.engines.recordings import FFMPEG, interlaced, jerky, made, pattern, seen, tone
from worker.engines.conversion.loudness import Measured

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


async def test_a_film_becomes_an_mp4_that_streams(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern(), *tone(), "-c:v", "mpeg4", "-c:a", "flac", "-metadata", "title=T")

    target, told = await converter.converted(source, "mp4")

    found, content = seen(target), target.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert (found.video.name, found.video.pix_fmt, found.audio.name) == ("h264", "yuv420p", "aac")
    assert (len(found.pictures), found.tags["title"]) == (10, "T")
    assert found.sound_seconds == pytest.approx(1, abs=0.1)
    assert [one.copied for one in told.streams] == [False, False]


async def test_what_fits_already_is_copied(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern(), *tone(), *X264, "-c:a", "aac")

    target, told = await converter.converted(source, "mp4")

    assert told.copied
    assert [(one.codec, one.copied) for one in told.streams] == [("h264", True), ("aac", True)]
    for before, after in zip(seen(source).pictures, seen(target).pictures, strict=True):
        assert np.array_equal(before, after)


async def test_a_picture_is_copied_beside_normalised_sound(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern(), *tone(), *X264, "-c:a", "aac")

    _, told = await converter.converted(source, "mp4", normalize=True)

    assert [one.copied for one in told.streams] == [True, False]
    assert not told.copied


async def test_what_cannot_be_copied_after_all_is_encoded(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern(), *X264)
    picky = tmp_path / "ffmpeg"
    picky.write_text(f'#!/bin/sh\ncase "$*" in *"-c:0 copy"*) echo unfit >&2; exit 1;; esac\nexec {FFMPEG} "$@"\n')
    picky.chmod(0o755)

    target, told = await converter.under(ffmpeg=picky).converted(source, "mp4")

    assert [(one.codec, one.copied) for one in told.streams] == [("h264", False)]
    assert seen(target).pictures


@pytest.mark.parametrize(("name", "muxer"), [("-i.wav", "wav"), ("%d.wav", "wav"), ("file:a|b:c.wav", "wav")])
async def test_a_name_is_only_a_name(converter: AskedConverter, tmp_path: Path, name: str, muxer: str) -> None:
    source = made(tmp_path / "plain", *tone(0.3), "-f", muxer).rename(tmp_path / name)

    target, _ = await converter.converted(source, "flac")

    assert seen(target).sound_seconds == pytest.approx(0.3, abs=0.01)


async def test_the_shape_of_pixels_stays(converter: AskedConverter, tmp_path: Path) -> None:
    """720 x 576 shown as 4:3, as from a DVD, in small."""
    source = made(tmp_path / "in.mpg", *pattern("72x58"), "-vf", "setsar=16/15", "-r", "25", "-c:v", "mpeg2video")

    found = seen((await converter.converted(source, "mp4"))[0])

    assert (found.video.width, found.video.height) == (72, 58)
    assert found.video.sample_aspect_ratio * 72 / 58 == Fraction(4, 3)


async def test_a_rotated_film_stands_upright(converter: AskedConverter, tmp_path: Path) -> None:
    plain = made(tmp_path / "plain.mp4", *pattern(), "-c:v", "mpeg4", "-q:v", "2")
    turned = made(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")

    found = seen((await converter.converted(turned, "mp4"))[0])

    assert (found.video.width, found.video.height) == (48, 64)
    upright = np.rot90(seen(plain).pictures[0]).astype(float)
    assert np.abs(upright - found.pictures[0]).mean() < 12


async def test_a_rotated_picture_that_is_copied_keeps_the_note_that_it_is(
    converter: AskedConverter, tmp_path: Path
) -> None:
    """Players turn it: nothing needs to be encoded for that."""
    plain = made(tmp_path / "plain.mp4", *pattern(), *X264)
    turned = made(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")

    target, told = await converter.converted(turned, "mp4")

    assert told.copied
    shown = seen(made(tmp_path / "shown.mkv", "-i", str(target), "-c:v", "ffv1"))
    assert (shown.video.width, shown.video.height) == (48, 64)
    assert np.array_equal(shown.pictures[0], np.rot90(seen(plain).pictures[0]))


@pytest.mark.parametrize("codec", ["mpeg2video", "mpeg4"])
async def test_interlaced_pictures_are_made_whole(converter: AskedConverter, tmp_path: Path, codec: str) -> None:
    source = interlaced(tmp_path / "in.mkv", "-c:v", codec)

    found = seen((await converter.converted(source, "mp4"))[0])

    combed, smooth = _combs(seen(source).pictures), _combs(found.pictures)
    assert len(found.pictures) == 25
    assert found.interlaced == 0
    assert smooth < combed / 10


def _combs(pictures: Sequence[np.ndarray]) -> float:
    """How much the lines of pictures differ from those above and below, which a bar that stands upright does not."""
    lines = np.stack(pictures[5:-5]).astype(float)
    return float(np.abs(lines[:, 1:-1] - (lines[:, :-2] + lines[:, 2:]) / 2).mean())


@pytest.mark.parametrize("codec", ["mpeg4", "ffv1"])
async def test_pictures_that_are_whole_are_left_so(converter: AskedConverter, tmp_path: Path, codec: str) -> None:
    """Lines as fine as they can be: to look at the next would blur them."""
    fine = ["-f", "lavfi", "-i", "color=black:s=64x48:r=10:d=1,format=gray,geq=lum='255*mod(Y\\,2)'"]
    source = made(tmp_path / "in.mkv", *fine, "-c:v", codec, "-q:v", "1")

    found = seen((await converter.converted(source, "mp4"))[0])

    assert _combs([*found.pictures, *found.pictures]) > 0.8 * _combs([*seen(source).pictures] * 2)


@pytest.mark.parametrize("size", ["2x2", "4x2"])
async def test_pictures_too_small_for_fields_are_converted(
    converter: AskedConverter, tmp_path: Path, size: str
) -> None:
    source = made(tmp_path / "in.mkv", *pattern(size), "-frames:v", "1", "-c:v", "ffv1")

    assert len(seen((await converter.converted(source, "mp4"))[0]).pictures) == 1


async def test_odd_sides_are_made_even(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern("65x49"), "-c:v", "ffv1")

    found = seen((await converter.converted(source, "mp4"))[0])

    assert (found.video.width, found.video.height, found.video.pix_fmt) == (64, 48, "yuv420p")


async def test_pictures_at_odd_times_stay_with_their_sound(converter: AskedConverter, tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 0.5, 0.513, 1.3, 1.31, 1.9, 2.0]
    bright = [False, False, False, True, True, False, False, True, True]
    source = jerky(tmp_path / "in.mkv", times, bright)

    found = seen((await converter.converted(source, "mp4"))[0])

    assert found.times == pytest.approx(times, abs=0.002)
    assert [brightness > 120 for brightness in found.brightness] == bright
    loud = np.abs(found.sound[0]) > 0.05
    turns = [at for at, (was, is_) in enumerate(pairwise(_smooth(loud, found.audio.sample_rate))) if was != is_]
    assert [turn / found.audio.sample_rate for turn in turns[:3]] == pytest.approx([0.5, 1.3, 1.9], abs=0.05)


def _smooth(loud: np.ndarray, rate: int) -> list[bool]:
    width = rate // 100
    return [bool(one) for one in np.convolve(loud, np.ones(width), "same") > width / 4]


async def test_sound_without_a_picture_becomes_an_mp4_all_the_same(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.flac", *tone())

    target, told = await converter.converted(source, "mp4")

    assert [one.type for one in told.streams] == ["audio"]
    assert seen(target).video is None


async def test_a_silent_film_has_no_sound_to_give(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *pattern(), "-c:v", "mpeg4")

    assert [one.type for one in (await converter.converted(source, "mp4"))[1].streams] == ["video"]
    with pytest.raises(MediaWithoutAudioError):
        await converter.converted(source, "mp3")


@pytest.mark.parametrize("container", ["mkv", "ts", "mpg"])
async def test_a_cut_is_exact(converter: AskedConverter, tmp_path: Path, container: str) -> None:
    """Even where the only key frame is far before it."""
    codec = [*X264, "-c:a", "aac"] if container != "mpg" else ["-c:v", "mpeg2video", "-r", "10", "-strict", "-1"]
    source = made(tmp_path / f"in.{container}", *pattern(seconds=2), *tone(2), *codec, "-g", "100")

    target, told = await converter.converted(source, "mp4", start_seconds=0.5, end_seconds=1.2)

    found, whole = seen(target), seen(source)
    assert len(found.pictures) == 7
    assert np.abs(whole.pictures[5].astype(float) - found.pictures[0]).mean() < 3
    assert found.sound_seconds == pytest.approx(0.7, abs=0.05)
    assert not any(one.copied for one in told.streams)


async def test_a_cut_of_pictures_without_times_is_exact(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.h264", *pattern(seconds=2), *X264, "-g", "100")

    target, told = await converter.converted(source, "mp4", start_seconds=0.4, end_seconds=0.8)

    assert np.abs(seen(source).pictures[4].astype(float) - seen(target).pictures[0]).mean() < 3
    assert told.duration_seconds == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(("volume", "form", "lufs"), [(0.02, "mp3", -16), (0.9, "flac", -16), (0.5, "wav", -23)])
async def test_normalised_sound_is_as_loud_as_it_should_be(
    converter: AskedConverter, tmp_path: Path, volume: float, form: MediaFormat, lufs: float
) -> None:
    source = made(tmp_path / "in.wav", *tone(4, volume=volume))

    target, told = await converter.converted(source, form, normalize=True, loudness_lufs=lufs)

    assert _lufs(target) == pytest.approx(lufs, abs=0.7)
    assert told.loudness
    assert told.loudness.input_lufs == pytest.approx(_lufs(source), abs=0.3)
    assert seen(target).audio.sample_rate == 16_000


@pytest.mark.parametrize(
    ("loudness", "threshold"), [(-20.0, -30.0), (-69.0, -70.0), (0.0, -10.0)], ids=["steady", "faint", "full"]
)
def test_no_sound_that_needs_but_gain_is_pressed(loudness: float, threshold: float) -> None:
    """The filter presses what it takes for not measured, which made some sounds a tenth of a second longer."""
    measured = Measured(
        input_i=loudness,
        input_tp=-10 + loudness,
        input_lra=0,
        input_thresh=threshold,
        output_i=-16,
        output_tp=-2,
        target_offset=0,
    )
    command = [FFMPEG, "-nostdin", *tone(4), "-af", measured.filter(-16), "-f", "null", "-"]

    said = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stderr

    assert '"normalization_type" : "linear"' in said


async def test_silence_stays_silence(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.wav", *tone(1, volume=0))

    target, told = await converter.converted(source, "wav", normalize=True)

    assert told.loudness is None
    assert not seen(target).sound.any()


def _lufs(path: Path) -> float:
    """By another filter than the converter's."""
    command = [FFMPEG, "-nostdin", "-i", f"file:{path}", "-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    said = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


@pytest.mark.parametrize(
    ("channels", "form", "left"), [(6, "mp3", 2), (6, "opus", 2), (6, "flac", 6), (16, "opus", 1), (16, "flac", 1)]
)
async def test_many_channels_are_mixed_down_where_needed(
    converter: AskedConverter, tmp_path: Path, channels: int, form: MediaFormat, left: int
) -> None:
    source = made(tmp_path / "in.wav", *tone(0.5, channels=channels))

    target, told = await converter.converted(source, form)

    assert told.streams[0].channels == left
    assert np.abs(seen(target).sound).max() > 0.03


async def test_tags_and_cover_are_kept_where_they_can_be(converter: AskedConverter, tmp_path: Path) -> None:
    cover = made(tmp_path / "cover.png", "-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1")
    with_cover = ("-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    song = made(tmp_path / "in.mp3", *tone(), *with_cover, "-metadata", "title=Böse $(x)", "-metadata", "artist=A")

    apple = seen((await converter.converted(song, "m4a"))[0])
    opus = seen((await converter.converted(song, "opus"))[0])
    back = seen((await converter.converted(tmp_path / "media.opus", "mp3"))[0])

    assert [one.tags.get("title") for one in (apple, opus, back)] == ["Böse $(x)"] * 3
    assert [one.covers for one in (apple, opus, back)] == [1, 0, 0]


async def test_a_film_that_was_cut_off_gives_what_there_is(converter: AskedConverter, tmp_path: Path) -> None:
    whole = made(tmp_path / "in.ts", *pattern(seconds=2), *tone(2), "-c:v", "mpeg2video", "-c:a", "mp2").read_bytes()
    damaged = bytearray(whole[: len(whole) // 2])
    damaged[len(damaged) // 3 : len(damaged) // 3 + 200] = b"\0" * 200
    (tmp_path / "damaged.ts").write_bytes(damaged)

    target, _ = await converter.converted(tmp_path / "damaged.ts", "mp4")

    assert 3 < len(seen(target).pictures) < 20


@pytest.mark.parametrize("damage", ["no index", "noise", "text"])
async def test_what_cannot_be_read_is_said_to_be_unreadable(
    converter: AskedConverter, tmp_path: Path, damage: str
) -> None:
    whole = made(tmp_path / "in.mp4", *pattern(), *X264).read_bytes()
    noise = np.random.default_rng(1).bytes(20_000)
    content = {"no index": whole[: len(whole) // 2], "noise": noise, "text": b"Dear Sir or Madam,\n" * 100}[damage]
    (tmp_path / "damaged.mp4").write_bytes(content)

    with pytest.raises(MediaUnreadableError):
        await converter.converted(tmp_path / "damaged.mp4", "mp4")


async def test_broken_media_of_every_kind_end_in_clear_errors(converter: AskedConverter, tmp_path: Path) -> None:
    outcomes = Counter[str]()
    for _, content in broken_media():
        (tmp_path / "broken").write_bytes(content)
        try:
            await converter.converted(tmp_path / "broken", "mp4")
        except PlayheadError as error:
            outcomes[error.code] += 1
        else:
            outcomes["converted"] += 1

    assert outcomes["media_unreadable"] > 100
    assert set(outcomes) == {"media_unreadable", "converted"}  # Pictures without a sound are no fault here.


async def test_an_output_cannot_grow_without_bound(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.flac", *tone(2))

    with pytest.raises(TooLargeError):
        await converter.under(max_output_bytes=10_000).converted(source, "wav")


async def test_a_bit_rate_can_be_chosen(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.flac", "-f", "lavfi", "-i", "anoisesrc=d=2:r=44100")

    sizes = [(await converter.converted(source, "mp3", bitrate_kbps=kbps))[0].stat().st_size for kbps in (32, 128)]

    assert sizes == pytest.approx([8_000, 32_000], rel=0.15)
