"""How a track of sound gets into the output."""

from __future__ import annotations

from playhead.engines.conversion import ConversionOptions
from worker.engines.conversion.formats import Target, is_lossless
from worker.engines.conversion.media import Stream

# More channels than any layout of loudspeakers has: nobody knows what they are.
_MOST_KNOWN_CHANNELS = 8
_HIGHEST_LOSSY_RATE = 48_000


def fits(track: Stream, target: Target, options: ConversionOptions) -> bool:
    """Whether a track can be copied: it is in the codec that is wanted, and nothing is to be done to it."""
    untouched = not (options.normalize or options.start_seconds or options.end_seconds is not None)
    return untouched and options.bitrate_kbps is None and track.codec == target.codec


def filters(track: Stream, target: Target) -> list[str]:
    """Filters that leave as many channels as the output may have."""
    if track.channels > _MOST_KNOWN_CHANNELS:
        return ["pan=mono|c0<" + "+".join(f"c{number}" for number in range(track.channels))]
    return ["aformat=channel_layouts=stereo"] if track.channels > target.most_channels else []


def rate(track: Stream, target: Target) -> int:
    """Samples a second of the output: those of the input, where that is not more than anybody hears."""
    return track.sample_rate if target.is_lossless else min(track.sample_rate, _HIGHEST_LOSSY_RATE)


def encoder(track: Stream, target: Target, options: ConversionOptions, place: int) -> list[str]:
    """Arguments for the output's stream at ``place``."""
    chosen = [f"-c:{place}", target.encoder]
    if not target.is_lossless:
        return [*chosen, f"-b:{place}", f"{_kbps(track, target, options)}k"]
    # Decoders of lossy sound give floating point, of which a lossless encoder would keep 24 bits of noise.
    return chosen if is_lossless(track.codec) else [*chosen, f"-sample_fmt:{place}", "s16"]


def _kbps(track: Stream, target: Target, options: ConversionOptions) -> int:
    channels = 1 if track.channels > _MOST_KNOWN_CHANNELS else min(track.channels, target.most_channels)
    asked = options.bitrate_kbps or target.kbps_per_channel * channels
    return min(asked, target.most_kbps_per_channel * channels)
