"""The page on kinds of one's own, done as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import Stack, stack

PAGE = (Path(__file__).parents[2] / "docs" / "own-kinds.md").read_text()


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def submit(made: Stack, body: str, path: str = "/api/v1/jobs") -> dict[str, Any]:
    answer = made.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_the_page_is_true(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "longest_words.py").write_text(block("python"))
    (tmp_path / "_shared.py").write_text("raise RuntimeError")
    with stack(ENGINES="stub", KINDS_DIR=str(tmp_path)) as made:
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
