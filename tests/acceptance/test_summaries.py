"""From subtitles to a summary to a briefing: HTTP, a real worker process, a real language model."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from playhead.condensing.quotes import Sayings
from playhead.documents import Passage
from playhead.summary import Summary

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

SAID = ["Good morning, everybody.", "The bridge is closed until May.", "Ann will tell the school."]
SRT = "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(SAID, 1))


@pytest.mark.models
def test_subtitles_are_summarised_and_briefed(writing: Stack) -> None:
    summarised = _submit(writing, {"kind": "summarize", "input": {"text": SRT}, "params": {"length": "short"}})
    both = [{"job": summarised["id"], "output": "summary.json"}] * 2
    briefed = _submit(writing, {"kind": "digest", "input": {"all": both}, "params": {"length": "short"}})

    briefed = writing.ended(briefed)
    summarised = writing.ended(summarised)

    assert (summarised["error"], briefed["error"]) == (None, None)
    _is_of(Summary.model_validate(summarised["result"]))
    assert json.loads(writing.output(summarised, "summary.json")) == summarised["result"]
    assert writing.output(summarised, "summary.md").startswith("# ")
    assert summarised["input_tokens"] > 50
    assert summarised["output_tokens"] > 20
    assert [section["source"] for section in briefed["result"]["sections"]] == [1, 2]
    assert briefed["result"]["sections"][0]["title"] == summarised["result"]["title"]
    assert '<h3 id="source-2">' in writing.output(briefed, "digest.html")


def _is_of(summary: Summary) -> None:
    """What can be checked of a summary, though a model this small writes little that is true."""
    passages = [Passage(text, float(n), n + 0.9) for n, text in enumerate(SAID, 1)]
    assert (summary.model, summary.duration_seconds, summary.windows) == ("smollm2", 3.9, 1)
    assert summary.summary
    assert all(one.start == passages[one.passage].start for one in summary.chapters)
    assert all(before.passage < after.passage for before, after in pairwise(summary.chapters))
    assert all(Sayings(passages).find(one.text, one.passage) == one for one in summary.quotes)


def _submit(stack: Stack, body: dict[str, Any]) -> dict[str, Any]:
    answer = stack.http.post("/api/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())
