"""`playhead doctor`: what it says of the servers that engines ask, played on the loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.checks import model_server
from cli.checks.check import Check
from cli.checks.language_model import check_language_model
from cli.checks.speaking import _check_server
from cli.checks.translation import check_translation
from playhead.settings import Settings
from tests.cli.server import Answer, Asked, Server, as_json, running
from tests.llm.faulty import Act, drips, faulty, hangs_up, keeps_silent

KEY = "sk-never-to-be-seen"
MODELS = as_json({"object": "list", "data": [{"id": "qwen3:8b", "object": "model"}, {"id": "llama3.2"}]})
REFUSED = as_json({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401)


class Played(Server):
    """A scripted server, and where it is."""

    url = ""


@pytest.fixture
def scripted() -> Iterator[Played]:
    server = Played()
    with running(server) as server.url:
        yield server


def only_with_key(asked: Asked) -> Answer:
    return MODELS if asked.headers["Authorization"] == f"Bearer {KEY}" else REFUSED


def told(check: Callable[[Settings], Iterator[Check]], **groups: Any) -> list[Check]:
    """The lines; no part of them may hold the key."""
    found = list(check(Settings(**groups)))
    assert KEY not in repr(found)
    return found


def of_model(url: str, **settings: Any) -> list[Check]:
    return told(check_language_model, llm={"base_url": f"{url}/v1", **settings})


def test_without_a_server_it_is_said_what_one_would_give() -> None:
    (found,) = told(check_language_model)
    assert found.grade == "note"
    assert "summarize" in found.finding
    assert "PLAYHEAD_LLM__BASE_URL" in found.remedy


def test_a_server_that_has_the_model_and_takes_the_key_is_fine(scripted: Played) -> None:
    scripted.on("GET /v1/models", only_with_key)
    (found,) = of_model(scripted.url, model="qwen3:8b", api_key=KEY)
    assert found.grade == "fine"
    assert found.finding.startswith("qwen3:8b; ")


def test_a_list_that_anybody_may_see_says_nothing_of_the_key(scripted: Played) -> None:
    scripted.on("GET /v1/models", MODELS)
    assert [one.grade for one in of_model(scripted.url, model="llama3.2")] == ["fine"]
    assert scripted.asked[0].headers["Authorization"] is None
    assert [one.grade for one in of_model(scripted.url, model="llama3.2", api_key=KEY)] == ["fine", "note"]


@pytest.mark.parametrize(
    ("answer", "settings", "grade", "words"),
    [
        (REFUSED, {"api_key": KEY}, "broken", "set PLAYHEAD_LLM__API_KEY"),
        (MODELS, {"model": None}, "doubtful", "set PLAYHEAD_LLM__MODEL; there is qwen3:8b, llama3.2"),
        (MODELS, {"model": "gpt"}, "doubtful", "does not list 'gpt'"),
        (as_json({}, 404), {}, "doubtful", "is PLAYHEAD_LLM__BASE_URL right (most end in /v1)"),
        (as_json({}, 503), {}, "doubtful", "answers 503"),
        (as_json({}, 307, Location="http://elsewhere/v1"), {"api_key": KEY}, "broken", "leads on to http://elsewhere"),
        (Answer(body=b"<html>"), {}, "doubtful", "not with a list of models"),
        (Answer(body=b'{"data": [7, {"id": null}]}'), {}, "doubtful", "not with a list of models"),
        (Answer(body=b"{", cut=True), {}, "broken", "no answer"),
    ],
)
def test_what_is_wrong_is_named(scripted: Played, answer: Answer, settings: Any, grade: str, words: str) -> None:
    scripted.on("GET /v1/models", answer)
    (found,) = of_model(scripted.url, **{"model": "qwen3:8b", **settings})
    assert found.grade == grade
    assert words.lower() in f"{found.finding} {found.remedy}".lower()
    assert found.remedy


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}", f"{KEY}é", f"{KEY}\x00"])
def test_a_key_that_no_header_can_hold_is_sent_nowhere_and_shown_to_nobody(scripted: Played, key: str) -> None:
    scripted.on("GET /v1/models", MODELS)
    (found,) = of_model(scripted.url, api_key=key)
    assert (found.grade, scripted.asked) == ("broken", [])
    assert "without line breaks" in found.remedy


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://127.0.0.1", "http://", "http://[", "nonsense"])
def test_an_address_at_which_nobody_is_is_broken(url: str) -> None:
    (found,) = of_model(url, api_key=KEY)
    assert found.grade == "broken"
    assert "PLAYHEAD_LLM__BASE_URL" in found.remedy


def test_a_password_in_an_address_is_hidden(scripted: Played) -> None:
    (found,) = of_model(scripted.url.replace("//", f"//me:{KEY}@"))
    assert found.grade == "doubtful"


@pytest.mark.parametrize("act", [hangs_up, keeps_silent, drips])
async def test_a_server_that_never_comes_to_an_end_is_left(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "PATIENCE_SECONDS", 0.3)
    async with faulty(act) as server:
        (found,) = await asyncio.to_thread(of_model, server.url.removesuffix("/v1"), model="m")
        assert found.grade == "broken"
        assert "no answer at" in found.finding


def test_deepl_tells_what_is_left(scripted: Played) -> None:
    deepl = {"api_key": KEY, "server_url": scripted.url}
    scripted.on("GET /v2/usage", as_json({"character_count": 1234, "character_limit": 500000}))
    (found,) = told(check_translation, deepl=deepl)
    assert found.grade == "fine"
    assert "1,234 of 500,000" in found.finding
    assert scripted.asked[0].headers["Authorization"] == f"DeepL-Auth-Key {KEY}"


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        (Answer(403, b"{}"), "broken"),
        (Answer(456, b"{}"), "doubtful"),
        (as_json({"character_count": 5, "character_limit": 5}), "doubtful"),
        (as_json(["?"]), "doubtful"),
        (Answer(404), "doubtful"),
    ],
)
def test_what_is_wrong_with_deepl_is_named(scripted: Played, answer: Answer, grade: str) -> None:
    scripted.on("GET /v2/usage", answer)
    (found,) = told(check_translation, deepl={"api_key": KEY, "server_url": scripted.url})
    assert (found.name, found.grade) == ("DeepL", grade)
    assert "PLAYHEAD_DEEPL__" in found.remedy


def test_deepl_needs_no_key_and_no_lying_one() -> None:
    assert told(check_translation)[0].grade == "note"
    assert told(check_translation, deepl={"api_key": " "})[0].finding.startswith("no key")
    assert told(check_translation, deepl={"api_key": f"{KEY}\n"})[0].grade == "broken"


@pytest.mark.parametrize(
    ("answer", "settings", "grade"),
    [
        (None, {}, "note"),
        (None, {"engine": "server"}, "broken"),
        (MODELS, {"model": "llama3.2"}, "fine"),
        (MODELS, {}, "doubtful"),
        (REFUSED, {}, "broken"),
        (Answer(404), {}, "doubtful"),
    ],
)
def test_a_server_of_speech(scripted: Played, answer: Answer | None, settings: Any, grade: str) -> None:
    if answer:
        scripted.on("GET /v1/models", answer)
        settings = {"base_url": f"{scripted.url}/v1", "api_key": KEY, **settings}
    found = _check_server(Settings(speaker=settings).speaker)
    assert found.grade == grade
    assert KEY not in json.dumps([found.finding, found.remedy])
