"""The page on kinds of one's own, done as it says; and recipes. On stub engines, in one file: they share a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playhead.states import State
from tests.acceptance.conftest import Stack, stack
from tests.acceptance.processes import PLAIN, worker
from tests.worker.conftest import House

PAGE = (Path(__file__).parents[2] / "docs" / "own-kinds.md").read_text()


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def submit(made: Stack, body: str, path: str = "/api/v1/jobs") -> dict[str, Any]:
    answer = made.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of stub engines that has the kind of the page."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "longest_words.py").write_text(block("python"))
    (folder / "_shared.py").write_text("raise RuntimeError")
    with stack(ENGINES="stub", KINDS_DIR=str(folder)) as one:
        yield one


def test_the_page_is_true(made: Stack) -> None:
    job = made.ended(submit(made, block("json request")))
    assert (job["error"], job["result"]) == (None, json.loads(block("json result")))
    assert made.output(job, "words.txt") == "dashwoods\nsettled"
    (known,) = [kind for kind in made.http.get("/api/v1/kinds").json()["items"] if kind["name"] == "longest_words"]
    assert known["accepts"] == ["subtitles", "text", "transcript"]
    graph = json.loads(block("json graph"))
    graph["jobs"]["hear"]["input"] = {"file": made.upload(b"RIFF....WAVEfmt any sound", "talk.wav")["id"]}
    batch = submit(made, json.dumps(graph), "/api/v1/batches")
    batch = made.http.get(f"/api/v1/batches/{batch['id']}", params={"wait": 60}).json()
    assert (batch["state"], batch["counts"]) == ("succeeded", {"succeeded": 2})


async def test_a_worker_for_nothing_else_is_as_the_page_says(house: House, tmp_path: Path) -> None:
    (options,) = re.findall(r"`playhead worker (--kinds longest_words)`", PAGE)
    (tmp_path / "longest_words.py").write_text(block("python"))
    other = await house.submit(kind="speak", queue="cpu", input={"text": "not yet"})
    job_id = await house.submit(kind="longest_words", queue="cpu", input={"text": "in Sussex"}, params={"count": 1})
    async with worker(house, *options.split(), code=PLAIN, KINDS_DIR=str(tmp_path)) as made:
        ready = await made.says("worker_ready")
        assert (ready["queues"], ready["kinds"]) == (["cpu"], ["longest_words"])
        assert (await house.ended(job_id)).result == {"words": ["sussex"]}
        assert (await made.told_to_stop(), made.complaints) == (0, [])
    assert (await house.job(other)).state == State.QUEUED


@pytest.mark.parametrize(
    ("recipe", "params", "outputs"),
    [
        (
            "subtitles",
            {"languages": ["fr", "de"]},
            {"translate-fr": "translation.srt", "translate-de": "translation.srt"},
        ),
        ("podcast", {}, {"summarize": "summary.json", "fix": "subtitles.srt"}),
    ],
)
def test_a_recipe_is_one_request(made: Stack, recipe: str, params: dict[str, Any], outputs: dict[str, str]) -> None:
    file = made.upload(b"RIFF....WAVEfmt any sound", "talk.wav")
    body = {"recipe": recipe, "input": {"file": file["id"]}, "params": params}
    batch = made.http.post("/api/v1/batches", json=body).raise_for_status().json()
    batch = made.http.get(f"/api/v1/batches/{batch['id']}", params={"wait": 60}).json()
    errors = [job["error"] for job in made.http.get("/api/v1/jobs", params={"parent": batch["id"]}).json()["items"]]
    assert (batch["state"], batch["recipe"], batch["failures"]) == ("succeeded", recipe, 0), errors
    for name, output in outputs.items():
        job = made.http.get(f"/api/v1/jobs/{batch['jobs'][name]}").json()
        assert output in {one["name"] for one in job["outputs"]}
