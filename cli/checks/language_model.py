"""The server of the large language model that writes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from cli.checks.check import Check, doubtful, fine, note
from cli.checks.model_server import Answer, is_sendable, models_of
from cli.checks.server import Server
from playhead.settings import LLMSettings, Settings

NAME = "language model"
SHOWN = 5


def check_language_model(settings: Settings) -> Iterator[Check]:
    """It answers, lets the key in, and has the model."""
    llm = settings.llm
    if not llm.base_url:
        yield note(
            NAME,
            "none: the jobs of fix_srt, summarize, digest and (without DeepL) translate fail",
            "To have them: set PLAYHEAD_LLM__BASE_URL and PLAYHEAD_LLM__MODEL; docs/llm.md names servers.",
        )
        return
    server = Server(NAME, llm.base_url, "PLAYHEAD_LLM__BASE_URL", "PLAYHEAD_LLM__API_KEY")
    if not is_sendable(llm.api_key):
        yield server.unsendable_key()
        return
    yield from _ask(server, llm)


def _ask(server: Server, llm: LLMSettings) -> Iterator[Check]:
    began = time.perf_counter()
    answer = models_of(server.url, llm.api_key)
    took = time.perf_counter() - began
    if fault := server.fault(answer):
        yield fault
        return
    yield _check_model(llm.model, answer, f"{server.shown} answered in {took:.2f} s")
    # Some hosts list their models to anybody: then the list says nothing of the key.
    if llm.api_key and models_of(server.url, None).models():
        finding = "not looked at: this server lists its models to anybody; a job will tell"
        yield note(f"{NAME}: key", finding)


def _check_model(model: str | None, answer: Answer, told: str) -> Check:
    models = answer.models()
    if not models:
        remedy = "Does PLAYHEAD_LLM__BASE_URL end as the server wants it, mostly in /v1?"
        return doubtful(NAME, f"{told}, but not with a list of models", remedy)
    if model is None:
        remedy = f"Set PLAYHEAD_LLM__MODEL; there is {some(models)}."
        return doubtful(NAME, f"{told}; jobs that name no model fail", remedy)
    if model not in models:
        remedy = f"If jobs fail, set PLAYHEAD_LLM__MODEL to one that it has: {some(models)}."
        return doubtful(NAME, f"{told}; it does not list {model!r}", remedy)
    return fine(NAME, f"{model}; {told}")


def some(models: Sequence[str]) -> str:
    """The first few of them."""
    more = f" and {len(models) - SHOWN} more" if len(models) > SHOWN else ""
    return ", ".join(models[:SHOWN]) + more
