"""Kinds that ask a language model, through HTTP and a real worker process: each works on what the one before made.

In one file, so that they share a stack and a model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pysubs2
import pytest

from demo.models import small_models
from playhead.subtitles.blocks import split
from playhead.summary import Summary
from tests.acceptance.conftest import Stack, stack
from tests.engines.deepl_server import KEY, DeepLServer

pytestmark = [pytest.mark.models, pytest.mark.heavy]
CLIP = Path(__file__).parent.parent / "media" / "sense-and-sensibility-0880.flac"

SAID = ["Good morning, everybody.", "The bridge is closed until May.", "Ann will tell the school."]
LONG = [*SAID, "The repair costs forty thousand."] * 20
"""Too long for one window of the model; and so little is said that even a small one quotes some of it."""
MISHEARD = (
    "1\n00:00:01,000 --> 00:00:02,500\nmary ann dashwood was tired\n\n"
    "2\n00:00:03,000 --> 00:00:04,200\nshe livd in norland park\n"
)


def srt_of(said: Sequence[str]) -> str:
    """A cue a second, each of nine tenths."""
    clocks = [f"00:{n // 60:02}:{n % 60:02}" for n in range(1, len(said) + 1)]
    cues = zip(clocks, said, strict=True)
    return "\n".join(f"{n}\n{clock},000 --> {clock},900\n{text}\n" for n, (clock, text) in enumerate(cues, 1))


@pytest.fixture(scope="module")
def subtitling(llm_server: str, deepl: DeepLServer) -> Iterator[Stack]:
    """A stack with the tiny English model for speech, a small one for language, and DeepL by our own server."""
    settings = {
        **small_models(llm_server),
        "SPEECH__DEVICE": "cpu",
        "LLM__ANSWER_TOKENS": "400",
        "DEEPL__API_KEY": KEY,
        "DEEPL__SERVER_URL": deepl.url,
    }
    with stack(**settings) as made:
        yield made


def test_subtitles_are_made_repaired_and_translated(subtitling: Stack) -> None:
    rules = {"max_line_chars": 32, "max_lines": 1, "gap_seconds": 0.2, "language": "en", "temperature": 0}
    file = subtitling.upload(CLIP.read_bytes(), CLIP.name)
    made = subtitling.ended(subtitling.submit(file, kind="generate_srt", params=rules))
    assert made["error"] is None
    srt = subtitling.output(made, "subtitles.srt")
    read = pysubs2.SSAFile.from_string(srt)
    assert made["result"]["cues"] == len(read) > 1
    assert all(len(one.plaintext) <= 32 for one in read)
    assert all(after.start - one.end >= 200 for one, after in pairwise(read))
    assert made["gpu_seconds"] > 0

    source = {"job": made["id"], "output": "subtitles.srt"}
    wanted = {"glossary": ["Dashwood"]}
    fixed = subtitling.ended(subtitling.submit({"id": None}, kind="fix_srt", input=source, params=wanted))
    assert fixed["error"] is None
    assert fixed["result"]["model"] == "smollm2"
    assert split(subtitling.output(fixed, "subtitles.srt")).frames == split(srt).frames
    assert (fixed["result"]["cues"], fixed["progress"]) == (len(read), 1)

    source = {"job": fixed["id"], "output": "subtitles.srt"}
    languages = {"language": "fr", "source": "en"}
    foreign = subtitling.ended(subtitling.submit({"id": None}, kind="translate", input=source, params=languages))
    assert foreign["error"] is None
    assert (foreign["result"]["engine"], foreign["result"]["left"]) == ("deepl", [])
    shouted = subtitling.output(foreign, "translation.srt")
    assert split(shouted).frames == split(srt).frames
    assert shouted == subtitling.output(fixed, "subtitles.srt").upper()


def test_subtitles_are_made_as_webvtt(subtitling: Stack) -> None:
    file = subtitling.upload(CLIP.read_bytes(), CLIP.name)
    params = {"format": "vtt", "language": "en", "temperature": 0}

    made = subtitling.ended(subtitling.submit(file, kind="generate_srt", params=params))

    assert made["error"] is None
    (output,) = made["outputs"]
    assert (output["name"], output["media_type"]) == ("subtitles.vtt", "text/vtt")
    read = pysubs2.SSAFile.from_string(subtitling.output(made, "subtitles.vtt"), format_="vtt")
    assert made["result"]["cues"] == len(read) > 0
    assert "young man" in " ".join(one.plaintext for one in read)
    assert all(0 <= one.start < one.end <= 3000 for one in read)


def test_misheard_words_are_repaired(subtitling: Stack) -> None:
    """Easy ones: even this model can. Which of them it does is its own, and may be another's on another processor."""
    file = subtitling.upload(MISHEARD.encode(), "misheard.srt")

    fixed = subtitling.ended(subtitling.submit(file, kind="fix_srt", params={"glossary": ["Norland Park"]}))

    assert fixed["error"] is None
    made, before = split(subtitling.output(fixed, "subtitles.srt")), split(MISHEARD)
    assert made.frames == before.frames
    repaired = sum(new.text != old.text for new, old in zip(made.slots, before.slots, strict=True))
    assert fixed["result"]["changed"] == repaired > 0


def test_what_is_no_subtitles_ends_at_once(subtitling: Stack) -> None:
    job = subtitling.submit(subtitling.upload(b"No cues here.", "text.srt"), kind="fix_srt")

    ended = subtitling.ended(job)

    assert (ended["state"], ended["attempt"], ended["error"]["code"]) == ("failed", 1, "document_unreadable")


@pytest.mark.parametrize(
    ("kind", "params", "field"),
    [
        ("generate_srt", {"max_lines": 9}, "params.max_lines"),
        ("fix_srt", {"glossary": "Dashwood"}, "params.glossary"),
        ("translate", {}, "params.language"),
    ],
)
def test_bad_params_are_refused_by_name(subtitling: Stack, kind: str, params: dict[str, object], field: str) -> None:
    body = {"kind": kind, "input": {"url": "https://example.org/a"}, "params": params}
    answer = subtitling.http.post("/api/v1/jobs", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_subtitles_are_summarised_and_briefed(subtitling: Stack) -> None:
    summarised = _submit(
        subtitling, {"kind": "summarize", "input": {"text": srt_of(SAID)}, "params": {"length": "short"}}
    )
    both = [{"job": summarised["id"], "output": "summary.json"}] * 2
    briefed = _submit(subtitling, {"kind": "digest", "input": {"all": both}, "params": {"length": "short"}})

    briefed = subtitling.ended(briefed)
    summarised = subtitling.ended(summarised)

    assert (summarised["error"], briefed["error"]) == (None, None)
    _is_of(Summary.model_validate(summarised["result"]), SAID, windows=1)
    assert json.loads(subtitling.output(summarised, "summary.json")) == summarised["result"]
    assert subtitling.output(summarised, "summary.md").startswith("# ")
    assert summarised["input_tokens"] > 50
    assert summarised["output_tokens"] > 20
    assert [section["source"] for section in briefed["result"]["sections"]] == [1, 2]
    assert briefed["result"]["sections"][0]["title"] == summarised["result"]["title"]
    assert '<h3 id="source-2">' in subtitling.output(briefed, "digest.html")


def test_a_text_of_several_windows_is_mapped_and_reduced(subtitling: Stack) -> None:
    params = {"length": "short", "instructions": "Quote a whole passage, word for word."}
    job = _submit(subtitling, {"kind": "summarize", "input": {"text": srt_of(LONG)}, "params": params})

    with subtitling.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        told = [line for line in stream.iter_lines() if line.startswith(("event:", "data:"))]
    summarised = subtitling.ended(job)

    assert summarised["error"] is None
    summary = Summary.model_validate(summarised["result"])
    _is_of(summary, LONG, windows=2)
    assert told.count("event: notes") == summary.windows
    assert any("merging" in line for line in told)
    assert len(summary.quotes) + summary.quotes_dropped > 0, "nothing was there to be looked up"


def _is_of(summary: Summary, said: Sequence[str], *, windows: int) -> None:
    """What can be checked of a summary, though a model this small writes little that is true."""
    assert (summary.model, summary.duration_seconds, summary.windows) == ("smollm2", len(said) + 0.9, windows)
    assert summary.summary
    assert all(one.start == one.passage + 1 for one in summary.chapters)
    assert all(before.passage < after.passage for before, after in pairwise(summary.chapters))
    for quote in summary.quotes:
        assert quote.text in " ".join(said[quote.passage : int(quote.end or 0)])
        assert quote.start == quote.passage + 1


def _submit(stack: Stack, body: dict[str, Any]) -> dict[str, Any]:
    answer = stack.http.post("/api/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())
