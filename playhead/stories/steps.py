"""The jobs of an entry, and the request that asks for them."""

from __future__ import annotations

from typing import Any

from playhead.models import Adventure
from playhead.story import Story

TELL, TRANSLATE, SPEAK, ANNOTATE = STEPS = ("tell", "translate", "speak", "annotate")
"""Names of the jobs in their graph, each that of its kind. The others work on what the first makes."""
AUDIO, TRANSLATION, ANNOTATION = "speech.mp3", "translation.txt", "annotation.json"
"""What they make."""


def entry_request(adventure: Adventure, last: Story | None, choice: int | None) -> dict[str, Any]:
    """The body of the batch that makes the next entry: the first one, or the one after ``last`` and a choice of it."""
    number = last.number + 1 if last else 1
    jobs = {TELL: _tell(adventure, last, choice)} | {
        name: {"kind": name, "input": {"job": TELL, "output": "story.txt"}, "params": params}
        for name, params in _params(adventure).items()
    }
    return {"jobs": jobs, "metadata": {"adventure": str(adventure.id), "entry": str(number)}}


def _tell(adventure: Adventure, last: Story | None, choice: int | None) -> dict[str, Any]:
    params = {"language": adventure.language, "level": adventure.level, "choice": choice, "model": adventure.model}
    return {"kind": TELL, "input": {"text": last.model_dump_json() if last else adventure.theme}, "params": params}


def _params(adventure: Adventure) -> dict[str, dict[str, Any]]:
    """Of the jobs that work on the text."""
    language, native = adventure.language, adventure.native_language
    found: dict[str, dict[str, Any]] = {SPEAK: {"language": language, "voice": adventure.voice, "format": "mp3"}}
    if native and native != language:
        found[TRANSLATE] = {"language": native, "source": language}
    if adventure.annotated:
        found[ANNOTATE] = {"language": language}
    return found
