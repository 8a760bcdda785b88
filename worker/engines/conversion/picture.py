"""How a moving picture gets into the output: as H.264, which every player shows."""

from __future__ import annotations

from playhead.engines.conversion import ConversionOptions
from playhead.settings import ConverterSettings
from worker.engines.conversion.formats import PICTURES
from worker.engines.conversion.media import Media, Stream

# Eight bits with halved colour: what decoders in hardware take.
_PIXELS = frozenset({"yuv420p", "yuvj420p"})
# Containers whose time stamps another can take over.
_TIMED = frozenset({"flv", "matroska", "mov", "mpegts"})
# Containers in which ffmpeg goes to the key frame before a time. In others it goes to the time itself, where no picture
# can be decoded up to the next key frame; PICTURES know no times to go to.
_KEYED = frozenset({"asf", "avi", "flv", "matroska", "mov", "nut", "ogg"})
# The filter that makes pictures of fields takes no smaller ones.
_LEAST_SIDE = 4
# Key frames come more often: every ten seconds, where an encoder was not told otherwise.
_LEAD_SECONDS = 30.0


def fits(track: Stream, media: Media, options: ConversionOptions) -> bool:
    """Whether a track can be copied. A cut cannot: it would begin at the key frame before."""
    whole = not options.start_seconds and options.end_seconds is None
    return whole and track.codec == "h264" and track.pixels in _PIXELS and media.demuxer in _TIMED


def lead_seconds(media: Media, options: ConversionOptions) -> float:
    """How much of what comes before a cut has to be decoded and left out, for the cut to begin with a picture."""
    if media.demuxer in _KEYED:
        return 0.0
    return options.start_seconds if media.demuxer in PICTURES else min(options.start_seconds, _LEAD_SECONDS)


def encoder(track: Stream, settings: ConverterSettings, place: int) -> list[str]:
    """Arguments for the output's stream at ``place``.

    Time stamps stay as they are, whatever the frame rate does: so picture and sound stay together.
    """
    return [
        *(f"-c:{place}", "libx264", f"-preset:{place}", settings.preset, f"-crf:{place}", str(settings.crf)),
        *(f"-filter:{place}", ",".join([*_whole(track), *_even(track), "format=yuv420p"])),
        *(f"-fps_mode:{place}", "vfr", f"-enc_time_base:{place}", "demux"),
    ]


def _whole(track: Stream) -> list[str]:
    """Of two fields at two times one picture, where pictures say that they are such; all others pass as they are."""
    return ["bwdif=mode=send_frame:deint=interlaced"] if min(track.width, track.height) >= _LEAST_SIDE else []


def _even(track: Stream) -> list[str]:
    """Halved colour needs even sides: an odd one loses its last line. The shape of the pixels stays as it is."""
    if track.width % 2 == 0 and track.height % 2 == 0:
        return []
    return [r"scale=max(iw\,2):max(ih\,2)", "crop=floor(iw/2)*2:floor(ih/2)*2:0:0"]
