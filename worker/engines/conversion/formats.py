"""What may come in, and what each format that may come out is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playhead.engines.conversion import MediaFormat
from worker.engines.speech.formats import RECORDINGS

# Beside recordings: moving pictures without a sound, each in one file of its own.
PICTURES = ("gif", "h264", "hevc", "m4v", "mpegvideo", "obu", "yuv4mpegpipe")
# A list of what is allowed: among the others are playlists, `concat`, DASH and SDP, which open what they name.
DEMUXERS = ",".join((*RECORDINGS, *PICTURES))

# Codecs that lose nothing, beside those whose names begin with `pcm_`.
_LOSSLESS = frozenset({"alac", "ape", "flac", "mlp", "shorten", "tak", "truehd", "tta", "wavpack"})


@dataclass(frozen=True)
class Target:
    """One format.

    Attributes:
        muxer: as ffmpeg names it.
        codec: of its sound; sound in it already is copied.
        encoder: what makes that.
        kbps_per_channel: what sounds well; 0 where nothing is lost, and no bit rate can be asked for.
        most_channels: sound of more is mixed down to stereo.
        most_kbps_per_channel: what its encoder takes.
        holds_cover: whether a picture can go with the sound.
        arguments: for its muxer.
    """

    muxer: str
    codec: str
    encoder: str
    kbps_per_channel: int = 0
    most_channels: int = 2
    most_kbps_per_channel: int = 512
    holds_cover: bool = True
    arguments: tuple[str, ...] = ()

    @property
    def is_lossless(self) -> bool:
        """Whether its sound is that of the input to the bit."""
        return not self.kbps_per_channel


TARGETS: Mapping[MediaFormat, Target] = {
    "mp4": Target("mp4", "aac", "aac", 80, 2, 256, arguments=("-movflags", "+faststart")),
    "m4a": Target("ipod", "aac", "aac", 80, 2, 256, arguments=("-movflags", "+faststart")),
    "mp3": Target("mp3", "mp3", "libmp3lame", 96, 2, 160),
    "opus": Target("opus", "opus", "libopus", 64, 2, 256, holds_cover=False),
    # A WAV file ends at 4 GiB; RF64 is how the same goes on beyond.
    "wav": Target("wav", "pcm_s16le", "pcm_s16le", most_channels=8, holds_cover=False, arguments=("-rf64", "auto")),
    "flac": Target("flac", "flac", "flac", most_channels=8),
}


def is_lossless(codec: str | None) -> bool:
    """Whether sound in this codec has more to lose than 16 bits keep."""
    return codec is not None and (codec.startswith("pcm_") or codec in _LOSSLESS)
