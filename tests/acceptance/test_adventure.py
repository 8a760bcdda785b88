"""An adventure with a real language model, real speech and real grammar, through HTTP and real processes.

The model is so small that its content is weak: the form is looked at, not the truth. It cannot translate: DeepL does,
played by a server of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import av
import pytest

from demo.models import small_models
from tests.acceptance.conftest import TRIES, Stack, stack
from tests.engines.deepl_server import KEY, DeepLServer

pytestmark = [pytest.mark.models, pytest.mark.heavy]

PATH = "/api/v1/adventures"
WANTED = {
    "language": "en",
    "level": "A1",
    "native_language": "es",
    "theme": "A lighthouse keeper finds a map in a bottle.",
}
MOST_RETRIES = 5


@pytest.fixture(scope="module")
def telling(llm_server: str, deepl: DeepLServer) -> Iterator[Stack]:
    settings = {
        **small_models(llm_server),
        "SPEECH__DEVICE": "cpu",
        "LLM__MAX_ANSWERS": "8",
        "DEEPL__API_KEY": KEY,
        "DEEPL__SERVER_URL": deepl.url,
    }
    with stack(**settings) as made:
        yield made


def written(stack: Stack, path: str) -> dict[str, Any]:
    """The adventure once its latest entry is complete: so small a model may need more than one try."""
    for _ in range(MOST_RETRIES):
        if (told := waited(stack, path))["status"] == "active":
            return told
        assert (told["error"]["step"], told["error"]["code"]) == ("tell", "answer_invalid"), told
        stack.http.post(f"{path}/retry").raise_for_status()
    pytest.fail(f"not written after {MOST_RETRIES} tries")


def waited(stack: Stack, path: str) -> dict[str, Any]:
    """The adventure once no entry of it is being written."""
    for _ in range(TRIES):
        told = stack.http.get(path, params={"wait": 60}).raise_for_status().json()
        if told["status"] in {"active", "error"}:
            return dict(told)
    pytest.fail(f"still being written: {path}")


def seconds_of(audio: bytes) -> float:
    """How long it plays, decoded to its end."""
    with av.open(BytesIO(audio), mode="r") as file:
        return float(sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0)))


def heard(stack: Stack, file_id: str) -> str:
    params = {"language": "en", "temperature": 0}
    job = stack.ended(stack.submit({"id": file_id}, params=params))
    assert job["error"] is None
    return str(job["result"]["text"])


def words(text: str) -> set[str]:
    return {word.strip(".,!?;:\"'").lower() for word in text.split()}


def test_an_adventure_of_three_entries(telling: Stack) -> None:
    begun = telling.http.post(PATH, json=WANTED)
    assert (begun.status_code, begun.json()["status"]) == (201, "awaiting_first_entry")
    path = f"{PATH}/{begun.json()['id']}"
    for number in (1, 2, 3):
        told = written(telling, path)
        assert told["latest"] == number
        entry = telling.http.get(f"{path}/entries/{number}").raise_for_status().json()
        assert (entry["status"], bool(entry["title"])) == ("complete", True)
        assert len({choice.casefold() for choice in entry["choices"]}) == 3
        assert [one["translation"] for one in entry["sentences"]] == [one["text"].upper() for one in entry["sentences"]]
        audio = telling.http.get(entry["audio"]["url"]).raise_for_status().content
        assert seconds_of(audio) == pytest.approx(entry["audio"]["duration_seconds"], abs=0.2)
        annotation = telling.http.get(entry["annotation"]["url"]).raise_for_status().json()
        assert annotation["characters"] == len(entry["text"])
        assert all(entry["text"][one["start"] : one["end"]] == one["text"] for one in annotation["sentences"])
        said = heard(telling, entry["audio"]["file_id"])
        assert words(said) & words(entry["text"]), (said, entry["text"])
        if number > 1:
            assert entry["decision"] == told["entries"][number - 2]["choices"][number - 2]
        if number < 3:
            decided = telling.http.post(f"{path}/decisions", json={"choice": number})
            assert (decided.status_code, decided.json()["number"]) == (201, number + 1)
