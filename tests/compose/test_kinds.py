"""Kinds of jobs in the worker's image, with real engines; and how keys and folders of the machine reach it."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compose.client import Client
from tests.compose.stack import WORKER_IMAGE, Stack, docker

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1900)]  # the first one waits for the images

KEY = "sk-of-a-test-4711"


@pytest.fixture
def real_worker(stack: Stack) -> Iterator[None]:
    """A worker with real engines instead of the one with stubs."""
    name = f"{stack.project}-real"
    stack.compose("stop", "worker")
    stack.compose("run", "--detach", "--no-deps", "--name", name, "--env", "PLAYHEAD_ENGINES=real", "worker")
    try:
        yield
    finally:
        docker("rm", "--force", name)


@pytest.mark.usefixtures("real_worker")
def test_the_locked_up_worker_speaks_converts_and_notates(client: Client) -> None:
    spoken = client.ask("speak", {"text": "The train to Oslo leaves at nine."}, format="wav")
    assert client.until_done(spoken)["state"] == "succeeded"
    with wave.open(io.BytesIO(client.output(spoken, "speech.wav"))) as file:
        assert file.getnframes() > file.getframerate()
    converted = client.ask("convert", {"job": spoken, "output": "speech.wav"}, format="flac")
    assert client.until_done(converted)["state"] == "succeeded"
    assert client.output(converted, "media.flac").startswith(b"fLaC")
    noted = client.ask("notate", {"job": spoken, "output": "speech.wav"})
    assert client.until_done(noted)["state"] == "succeeded"
    assert client.output(noted, "notes.mid").startswith(b"MThd")


def test_the_doctor_finds_in_the_worker_all_that_the_image_brings(stack: Stack) -> None:
    found = {check["name"]: check for check in _doctor(stack, "--env", "PLAYHEAD_ENGINES=real")["checks"]}
    assert {found[name]["grade"] for name in ("PostgreSQL", "tables", "ffmpeg", "speech: espeak-ng")} == {"fine"}
    assert {found[name]["grade"] for name in ("language model", "DeepL", "speakers", "annotation")} == {"note"}


def test_a_key_reaches_the_worker_and_nothing_that_can_be_looked_at(stack: Stack) -> None:
    assert _doctor(stack)["settings"]["PLAYHEAD_LLM__API_KEY"] == ""
    stack.compose("run", "--rm", "-T", "secrets", "PLAYHEAD_LLM__API_KEY", stdin=f"{KEY}\n")
    told = _doctor(stack)
    assert told["settings"]["PLAYHEAD_LLM__API_KEY"] == "********"
    program = "from playhead.settings import Settings; print(Settings().llm.api_key.get_secret_value())"
    assert stack.compose("run", "--rm", "--no-deps", "--entrypoint=python", "worker", "-c", program) == KEY
    assert KEY not in json.dumps(told) + stack.of("worker", "json .")


@pytest.mark.parametrize("name", ["", "../x", "postgres_password", "PLAYHEAD_DATABASE_URL"])
def test_nothing_but_a_setting_of_the_users_is_kept(stack: Stack, name: str) -> None:
    with pytest.raises(AssertionError, match="playhead-secrets: "):
        stack.compose("run", "--rm", "-T", "secrets", name, stdin="x")


def test_folders_of_the_machine_take_the_place_of_empty_volumes() -> None:
    def mounts(kinds: str = "", voices: str = "") -> dict[str, set[tuple[str, str]]]:
        config = ("compose", "--env-file", os.devnull, "config", "--format", "json")
        said = docker(*config, KINDS_DIR=kinds, VOICES_DIR=voices)
        services = json.loads(said)["services"]
        folders = ("/kinds", "/voices")
        return {
            name: {(one["type"], one["target"]) for one in services[name]["volumes"] if one["target"] in folders}
            for name in ("api", "worker")
        }

    usual = {"api": {("volume", "/kinds")}, "worker": {("volume", "/kinds"), ("volume", "/voices")}}
    bound = {"api": {("bind", "/kinds")}, "worker": {("bind", "/kinds"), ("bind", "/voices")}}
    assert mounts() == usual
    assert mounts(kinds="./kinds", voices="/srv/voices") == bound


@pytest.mark.usefixtures("stack")
def test_the_worker_image_holds_the_data_of_recipes_and_models() -> None:
    program = (
        "from playhead.recipes import recipes; from pathlib import Path; import worker.engines.notation as n; "
        "print(*recipes(), *(one.name for one in Path(n.__file__).parent.glob('*.onnx')))"
    )
    said = docker("run", "--rm", "--network=none", "--entrypoint=python", WORKER_IMAGE, "-c", program)
    assert said == "podcast subtitles nmp.onnx"


def _doctor(stack: Stack, *options: str) -> dict[str, Any]:
    """What `playhead doctor` says in a worker's container, whatever it finds."""
    program = ("--entrypoint=sh", "worker", "-c", "playhead doctor --json || true")
    found: dict[str, Any] = json.loads(stack.compose("run", "--rm", "--no-deps", "-T", *options, *program))
    return found
