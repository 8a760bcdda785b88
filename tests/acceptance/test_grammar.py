"""Texts through HTTP and a real worker process, with real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

MEDIA = Path(__file__).parent.parent / "media"


@pytest.mark.models
def test_a_text_comes_back_with_its_grammar(speaking: Stack) -> None:
    sentences = [path.read_text().strip() for path in sorted(MEDIA.glob("sense-and-sensibility-*.txt"))]
    file = speaking.upload("\n\n".join(sentences).encode(), "sense.txt")
    job = speaking.ended(speaking.submit(file, kind="annotate"))
    assert job["error"] is None
    result = job["result"]
    assert (result["language"], result["language_from"]) == ("en", "guess")
    assert result["model"].startswith("en_core_web_sm")
    assert result["entities"]["PERSON"] >= 1
    text = speaking.output(job, "text.txt")
    annotation = json.loads(speaking.output(job, "annotation.json"))
    tokens = [token for sentence in annotation["sentences"] for token in sentence["tokens"]]
    assert len(tokens) == result["tokens"] > 50
    assert all(text[token["start"] : token["end"]] == token["text"] for token in tokens)


@pytest.mark.models
def test_a_language_that_is_not_known_is_told(speaking: Stack) -> None:
    file = speaking.upload(b"Duae res.", "latin.txt")
    job = speaking.ended(speaking.submit(file, kind="annotate", params={"language": "yue"}))
    assert job["error"]["code"] == "invalid"
    assert "'yue' cannot be annotated" in job["error"]["message"]
