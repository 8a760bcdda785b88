"""The piece that notation is measured on, written, rendered and encoded: ``python -m bench.notation.render``.

Two works of the public domain: the beginning of Beethoven's Ode to Joy for violin and violoncello, then that of Bach's
Prelude in C, BWV 846, for piano. Needs Debian's ``fluidsynth`` and ``fluid-soundfont-gm`` (FluidR3 by Frank Wen, MIT).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import av
import mido

MEDIA = Path(__file__).parents[2] / "tests" / "media"
SOUNDFONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
RATE = 48_000
TICKS = 480
VIOLIN, CELLO, PIANO = 40, 42, 0
VELOCITY = 90

# MIDI numbers and lengths in quarters; a bar of two octaves below is one note long.
ODE = [64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, (64, 1.5), (62, 0.5), (62, 2)]
BASS = [48, 43, 45, 43]
# The five notes of each bar of the prelude; its second half is as its first.
BARS = [(60, 64, 67, 72, 76), (60, 62, 69, 74, 77), (59, 62, 67, 74, 77), (60, 64, 67, 72, 76)]

Event = tuple[float, float, int, int]  # start and end in quarters, pitch, program


def ode() -> list[Event]:
    """Sixteen quarters of melody over whole notes."""
    events, at = [], 0.0
    for one in ODE:
        pitch, quarters = one if isinstance(one, tuple) else (one, 1)
        events.append((at, at + 0.95 * quarters, pitch + 12, VIOLIN))
        at += quarters
    return events + [(4.0 * bar, 4.0 * bar + 3.9, pitch, CELLO) for bar, pitch in enumerate(BASS)]


def prelude(at: float) -> list[Event]:
    """Four bars and a chord. The lower two notes of each half bar are held."""
    events = []
    for bar, notes in enumerate(BARS):
        for half in range(2):
            start = at + 4 * bar + 2 * half
            for place, voice in enumerate((0, 1, 2, 3, 4, 2, 3, 4)):
                begin = start + place * 0.25
                end = start + 1.95 if place in {0, 1} else begin + 0.24
                events.append((begin, end, notes[voice], PIANO))
    end = at + 4 * len(BARS)
    return [*events, *((end, end + 2, pitch, PIANO) for pitch in (48, 60, 64, 67, 72))]


def write(events: list[Event], path: Path) -> None:
    """A MIDI file at 120 quarters a minute, a track for each program."""
    file = mido.MidiFile(ticks_per_beat=TICKS)
    for channel, program in enumerate(sorted({event[3] for event in events})):
        changes = sorted(
            (round(when * TICKS), is_on, pitch)
            for begin, end, pitch, one in events
            if one == program
            for when, is_on in ((begin, True), (end, False))
        )
        track = file.add_track()
        track.append(mido.Message("program_change", channel=channel, program=program))
        now = 0
        for tick, is_on, pitch in changes:
            name = "note_on" if is_on else "note_off"
            track.append(mido.Message(name, channel=channel, note=pitch, velocity=VELOCITY, time=tick - now))
            now = tick
    file.save(path)


def render(midi: Path, wave: Path) -> None:
    """Dry: neither reverberation nor chorus."""
    options = ("-q", "-ni", "-R", "0", "-C", "0", "-g", "0.6", "-r", str(RATE), "-F", str(wave))
    subprocess.run(["fluidsynth", *options, SOUNDFONT, str(midi)], check=True)  # noqa: S603, S607 - as Debian has it


def encode(wave: Path, path: Path) -> None:
    """Opus, mono, about 6 kilobytes a second."""
    with av.open(str(wave)) as source, av.open(str(path), "w", format="ogg") as target:
        stream = target.add_stream("libopus", rate=RATE, layout="mono", options={"b": "48k"})
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def main() -> None:
    """Write ``tests/media/music.mid`` and ``music.opus``."""
    first = ode()
    midi = MEDIA / "music.mid"
    write(first + prelude(18), midi)
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "music.wav"
        render(midi, wave)
        encode(wave, MEDIA / "music.opus")


if __name__ == "__main__":
    main()
