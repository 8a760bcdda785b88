"""The command lines of ffmpeg, whose standard input is the recording.

No shell reads them, and nothing in them comes from the recording but numbers and the name of its demuxer.
"""

from __future__ import annotations

from pathlib import Path

from playhead.settings import ConverterSettings
from worker.engines.conversion import loudness, picture, sound
from worker.engines.conversion.formats import DEMUXERS
from worker.engines.conversion.loudness import Measured
from worker.engines.conversion.plan import Plan
from worker.engines.speech.cores import usable_cores


def measuring(ffmpeg: Path, settings: ConverterSettings, plan: Plan) -> list[str]:
    """Measure the loudness of what is to come out."""
    if plan.audio is None:
        raise RuntimeError("there is no sound to measure")
    filters = [*sound.filters(plan.audio, plan.target), loudness.measuring(plan.options.loudness_lufs)]
    mapped = ["-map", f"0:{plan.audio.index}", "-filter:0", ",".join(filters)]
    return [*_input(ffmpeg, settings, plan, "info"), *mapped, *_length(plan), "-f", "null", "-"]


def converting(
    ffmpeg: Path, settings: ConverterSettings, plan: Plan, target: Path, measured: Measured | None
) -> list[str]:
    """Write the output."""
    streams = [
        argument
        for place, stream in enumerate(plan.streams)
        for argument in ["-map", f"0:{stream.index}", *_stream(plan, settings, place, measured)]
    ]
    lead = picture.lead_seconds(plan.media, plan.options) if plan.video else 0.0
    return [
        *_input(ffmpeg, settings, plan, "info" if measured else "error", lead),
        *streams,
        *(["-ss", f"{lead:.6f}"] if lead else []),
        *_tags(plan),
        *_length(plan),
        *("-threads", str(_threads(settings)), "-max_muxing_queue_size", "4096"),
        *plan.target.arguments,
        *("-f", plan.target.muxer, "-y", f"file:{target.resolve()}"),
    ]


def _input(ffmpeg: Path, settings: ConverterSettings, plan: Plan, level: str, lead_seconds: float = 0.0) -> list[str]:
    threads = str(_threads(settings))
    start = plan.options.start_seconds - lead_seconds
    return [
        str(ffmpeg),
        *("-nostdin", "-hide_banner", "-loglevel", level, "-nostats", "-progress", "pipe:1", "-stats_period", "0.5"),
        *("-filter_threads", threads),
        *("-protocol_whitelist", "fd", "-format_whitelist", DEMUXERS, "-f", plan.media.demuxer),
        *("-probesize", "5000000", "-analyzeduration", "10000000"),
        *("-max_pixels", str(settings.max_pixels), "-threads", threads),
        *(["-ss", f"{start:.6f}"] if start > 0 else []),
        *("-i", "fd:"),
    ]


def _stream(plan: Plan, settings: ConverterSettings, place: int, measured: Measured | None) -> list[str]:
    stream = plan.streams[place]
    if stream is plan.cover:
        return [f"-c:{place}", "copy", f"-disposition:{place}", "attached_pic"]
    if plan.copies(stream):
        return [f"-c:{place}", "copy"]
    if stream is plan.video:
        return picture.encoder(stream, settings, place)
    filters = sound.filters(stream, plan.target)
    if measured:  # It gives 192,000 samples a second, and frames that are too long for FLAC.
        filters += [
            measured.filter(plan.options.loudness_lufs),
            f"aresample={sound.rate(stream, plan.target)}",
            "asetnsamples=n=1024:p=0",
        ]
    filtered = [f"-filter:{place}", ",".join(filters)] if filters else []
    return [*filtered, *sound.encoder(stream, plan.target, plan.options, place)]


def _tags(plan: Plan) -> list[str]:
    """Title and the like. In an Ogg file they are those of the track, everywhere else of the file."""
    track = f"0:s:{plan.streams[0].index}"
    return ["-map_metadata:g", "0:g", *(["-map_metadata:g", track] if plan.media.demuxer == "ogg" else [])]


def _length(plan: Plan) -> list[str]:
    end = plan.options.end_seconds
    return [] if end is None else ["-t", f"{end - plan.options.start_seconds:.6f}"]


def _threads(settings: ConverterSettings) -> int:
    return settings.threads or usable_cores()
